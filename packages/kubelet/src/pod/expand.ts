/** `$(NAME)` in commands, arguments and values: a known variable is replaced, an unknown one stays, `$$` is a dollar sign. */

export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    return variables.get(name) ?? whole;
  });
}
