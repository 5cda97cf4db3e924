/** The space quota: reached, alarmed, and cleared by an operator. */
import { etcdserverpb, toId } from '@flotilla/wire';
import { type Client, bytes, number } from './client.ts';
import { conformance, refusal } from './rules.ts';

const { GET, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;
const { NOSPACE } = etcdserverpb.AlarmType;
const full = '8 etcdserver: mvcc: database space exceeded';
const mebibyte = 1024 * 1024;

/** Puts until it is refused; says how. */
async function fill(client: Client, key: Uint8Array): Promise<string> {
  for (let i = 0; i < 64; i++) {
    const answer = await refusal(client.kv.Put({ key, value: Buffer.alloc(mebibyte, i) }));
    if (answer !== 'answered') return answer;
  }
  return 'never refused';
}

conformance(
  'Quota',
  ({ rule }) => {
    rule('a member that is full refuses, and raises the alarm for itself', async ({ t, clients, client, key }) => {
      t.equal(await fill(client, key('a')), full);
      const { header } = await client.maintenance.Status({});
      for (const one of clients) {
        const { alarms } = await one.maintenance.Alarm({ action: GET });
        t.ok(alarms.some(({ memberID, alarm }) => toId(memberID) === toId(header?.member_id) && alarm === NOSPACE));
        t.equal(await refusal(one.kv.Put({ key: key('small') })), full, 'now all of them refuse');
      }
    });

    rule('room that is made does not clear it; disarming does', async ({ t, client, key }) => {
      const { header } = await client.kv.DeleteRange({ key: bytes('r000/'), range_end: bytes('r0000') });
      await client.kv.Compact({ revision: header?.revision ?? 0, physical: true });
      await client.maintenance.Defragment({});
      t.equal(await refusal(client.kv.Put({ key: key('a') })), full);
      const { alarms } = await client.maintenance.Alarm({ action: GET });
      for (const { memberID = null } of alarms) {
        await client.maintenance.Alarm({ action: DEACTIVATE, memberID, alarm: NOSPACE });
      }
      t.equal(await refusal(client.kv.Put({ key: key('a') })), 'answered');
      t.equal(number((await client.kv.Range({ key: key('a') })).count), 1);
    });
  },
  { all: { 'quota-backend-bytes': 16 * mebibyte } },
);
