import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, suite, test } from 'node:test';
import { duringSuite, makeCertificate, startBroker } from './peers.js';
import { Process } from './process.js';

suite('over TLS', () => {
  const shared = duringSuite();
  let files, broker;
  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'thimble-'));
    shared.after(() => rm(directory, { recursive: true }));
    files = await makeCertificate(directory);
    broker = await startBroker(shared, undefined, ['--dev', '--tls-certificate', files.certificate, '--tls-key', files.key]);
  });

  const start = (t, env) => {
    const client = new Process('libraries over TLS', process.execPath, [fileURLToPath(new URL('tls/client.js', import.meta.url)), String(broker.port)], env);
    t.after(() => client.stop());
    return client;
  };

  test('both libraries, with the authority that has signed the certificate', async (t) => {
    const client = start(t, { NODE_EXTRA_CA_CERTS: files.authority });
    const { data } = await client.lines.take((line) => line.event === 'headline', 'event');
    assert.equal(data, 'sealed on its way');
    assert.equal((await client.exit()).code, 0);
    assert.deepEqual(client.lines.all.map((line) => line.event).sort(), ['answered', 'connected', 'headline']);
  });

  test('neither, without it', async (t) => {
    const client = start(t, {});
    const { data } = await client.lines.take((line) => line.event === 'error', 'error');
    assert.match(data, /CERT|VERIFY|ISSUER|certificate/);
    await client.exit();
    assert.deepEqual(client.lines.all.map((line) => line.event), ['error']);
  });
});
