/** What becomes of a dead cluster whose first member is started again with `--force-new-cluster`. */
import { fromUnsignedId } from '@flotilla/wire';
import { bytes, kvText, number, text } from './client.ts';
import { conformance } from './rules.ts';
import { keyBeforeDeath, survivorKinds, writesBeforeDeath } from './servers.ts';

conformance(
  'A forced new cluster',
  ({ rule }) => {
    rule('has all keys and revisions of the dead one', async ({ t, client }) => {
      const { kvs, header: before } = await client.kv.Range({ key: bytes(keyBeforeDeath) });
      const last = writesBeforeDeath + 1;
      t.equal(kvText(kvs[0]), `${keyBeforeDeath}=write ${writesBeforeDeath} 2/${last}/${writesBeforeDeath}`);
      const old = await client.kv.Range({ key: bytes(keyBeforeDeath), revision: 2 });
      t.equal(text(old.kvs[0]?.value), 'write 1');
      const { header } = await client.kv.Put({ key: bytes('next'), value: bytes('') });
      t.equal(number(header?.revision), number(before?.revision) + 1, 'the next revision follows');
    });

    rule('has one member, with the ids that it had', async ({ t, client, server }) => {
      const { header, members } = await client.cluster.MemberList({ linearizable: true });
      t.equal(members.length, 1);
      const [member] = members;
      t.match(member, { name: /^m\d$/, isLearner: false });
      t.equal(String(member?.ID), header?.member_id?.toString());
      t.equal(`${header?.cluster_id?.toString()} ${header?.member_id?.toString()}`, server.idsBeforeDeath);
      const { leader } = await client.maintenance.Status({});
      t.equal(leader.toString(), header?.member_id?.toString());
    });

    rule('takes new members', async ({ t, client, server }) => {
      const { peerUrl } = await server.place('new');
      const { member, members } = await client.cluster.MemberAdd({ peerURLs: [peerUrl], isLearner: true });
      t.equal(members.length, 2);
      await client.cluster.MemberRemove({ ID: member?.ID ?? fromUnsignedId(0n) });
    });
  },
  { kinds: survivorKinds },
);
