/**
 * Golden transcripts. A file is a list of blocks: comments (`#`), one command line, `----`, and the exact trace that the
 * command leaves, up to an empty line. `replay` runs the commands and returns the file as it should read.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Block {
  readonly comments: readonly string[];
  readonly command: string;
}

/** Runs one command and returns its trace, a line an item. */
export type RunCommand = (command: string) => readonly string[];

export function replay(text: string, run: RunCommand): string {
  const blocks = parse(text).map(({ comments, command }) => {
    if (command === '') return comments.join('\n');
    const trace = run(command);
    return [...comments, command, '----', ...(trace.length === 0 ? ['(nothing)'] : trace)].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

/** Replays a file; with REWRITE=1 in the environment the file then says what was observed. */
export function replayFile(path: string, run: RunCommand): { recorded: string; observed: string } {
  const recorded = readFileSync(path, 'utf8');
  const observed = replay(recorded, run);
  if (process.env['REWRITE'] !== '1') return { recorded, observed };
  writeFileSync(path, observed);
  return { recorded: observed, observed };
}

function parse(text: string): Block[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split('\n');
      const comments = lines.filter((line) => line.startsWith('#'));
      return { comments, command: lines[comments.length] ?? '' };
    });
}
