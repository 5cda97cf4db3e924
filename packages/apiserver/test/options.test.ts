import { messageOf, parseOptions } from '@flotilla/base';
import { apiServerOptionTable, apiServerOptions } from '@flotilla/apiserver';
import t from 'tap';

const parse = (...argv: string[]) => parseOptions(apiServerOptionTable, { argv, env: {} });

t.test("the flags are kube-apiserver's own", async (t) => {
  const flags = parse(
    '--etcd-servers=http://a:1,http://b:2',
    '--secure-port=0',
    '--service-cluster-ip-range',
    '127.1.0.0/24',
  );
  t.match(flags, { 'etcd-servers': ['http://a:1', 'http://b:2'], 'secure-port': 0, 'request-timeout': 60 });
});

t.test('all that is missing is reported at once', async (t) => {
  const flags = parse('--client-ca-file=/nowhere/ca.crt', '--token-auth-file=/nowhere/tokens');
  const problems = await apiServerOptions(flags).catch(messageOf);
  for (const flag of [
    '--client-ca-file: ',
    '--tls-cert-file is required',
    '--tls-private-key-file is required',
    '--token-auth-file: ',
  ]) {
    t.match(problems, flag);
  }
});
