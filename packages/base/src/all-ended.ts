/** The results of what was begun, once all of it has ended. @throws the first failure of the list, and then nothing is under way */
export async function allEnded<T extends readonly unknown[] | []>(
  begun: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(begun);
  return await Promise.all(begun);
}
