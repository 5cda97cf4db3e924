import t from 'tap';
import { Mailbox, mailboxBytes } from '@flotilla/brain';

/** The two ends of one memory. */
function ends(): { readonly writer: Mailbox; readonly thread: Mailbox } {
  const memory = new SharedArrayBuffer(mailboxBytes);
  return { writer: new Mailbox(memory), thread: new Mailbox(memory) };
}

const shared = (text: string): Buffer => {
  const bytes = Buffer.from(new SharedArrayBuffer(64));
  bytes.write(text, 8, 'latin1');
  return bytes;
};

t.test('a write of known memory is taken once, as it was left', async (t) => {
  const { writer, thread } = ends();
  const memory = shared('mark, record');
  t.equal(thread.take(), undefined);
  t.notOk(writer.put(7, [0, memory.subarray(8, 12), 1]), 'nobody knows this memory yet');
  t.equal(thread.take(), undefined);
  const message = [0, memory.subarray(0, 1), 1];
  writer.learn(message);
  thread.learn(message);
  const far = 2 ** 40 + 1;
  t.ok(writer.put(7, [4096, memory.subarray(8, 12), 1, far, memory.subarray(14, 20), 3]));
  t.strictSame(thread.take(), {
    fd: 7,
    writes: [4096, new Uint8Array(Buffer.from('mark')), 1, far, new Uint8Array(Buffer.from('record')), 3],
  });
  t.equal(thread.take(), undefined);
});

t.test('memory of its own, other memory and many parts go by message', async (t) => {
  const { writer, thread } = ends();
  const memory = shared('bytes');
  writer.learn([0, memory, 1]);
  t.notOk(writer.put(7, [0, memory, 1, 64, Buffer.from('own'), 1]));
  t.notOk(writer.put(7, [0, shared('other'), 1]));
  t.notOk(writer.put(7, Array.from({ length: 5 }, () => [0, memory, 1]).flat()));
  t.equal(thread.take(), undefined);
  const grown = shared('grown');
  writer.learn([0, grown, 1]);
  thread.learn([0, grown, 1]);
  t.ok(writer.put(7, [0, grown.subarray(8, 13), 1]));
  t.strictSame(thread.take(), { fd: 7, writes: [0, new Uint8Array(Buffer.from('grown')), 1] });
});

t.test('who sleeps hears a bell that rang since', async (t) => {
  const { writer, thread } = ends();
  const heard = thread.rings;
  writer.ring();
  thread.sleep(heard);
  t.equal(thread.rings, heard + 1);
});
