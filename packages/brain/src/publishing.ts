/** A member's first write: its name and client URLs, for all to know. */
import { messageOf, sleep } from '@flotilla/base';
import { etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { Member } from './member/member.ts';
import type { MemberWorld } from './member/world.ts';

/** A member that could not publish its URLs tries again after this time. */
const publishRetryMs = 200;

/** Tells the cluster this member's name and client URLs; resolves when that is committed and applied here. */
export async function publish(given: {
  readonly member: Member;
  readonly world: MemberWorld;
  readonly clientUrls: readonly string[];
  readonly signal: AbortSignal;
}): Promise<void> {
  const { member, world, clientUrls, signal } = given;
  const { self } = member.settings.membership;
  const body = etcdserverpb.Member.encode({
    ID: fromUnsignedId(self.id),
    name: self.name,
    peerURLs: [...self.peerUrls],
    clientURLs: [...clientUrls],
  }).finish();
  while (!signal.aborted) {
    try {
      await member.proposals.submit('memberAttributes', body);
      return;
    } catch (error) {
      world.logger.debug('the URLs of this member are not published yet', { reason: messageOf(error) });
      await sleep(world.clock, publishRetryMs, signal);
    }
  }
  throw new Error('the member stopped before it was ready');
}
