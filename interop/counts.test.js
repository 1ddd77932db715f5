import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { app, duringSuite, JSClient, startBroker } from './peers.js';

suite('counts of subscribers', () => {
  const shared = duringSuite();
  let broker;
  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'thimble-'));
    shared.after(() => rm(directory, { recursive: true }));
    const config = join(directory, 'thimble.toml');
    await writeFile(config, `[[apps]]\nid = "${app.id}"\nkey = "${app.key}"\nsecret = "${app.secret}"\nsubscription_counts = true\n`, { mode: 0o600 });
    broker = await startBroker(shared, undefined, ['--config', config]);
  });

  test('pusher-js is told, and knows', async (t) => {
    const counted = 'pusher:subscription_count';
    const [one, two] = [new JSClient(t, broker), new JSClient(t, broker)];
    const channel = await one.subscribe('room', counted);
    assert.equal((await one.event('room', counted)).data.subscription_count, 1);
    await two.subscribe('room', counted);
    assert.equal((await one.event('room', counted)).data.subscription_count, 2);
    assert.equal((await two.event('room', counted)).data.subscription_count, 2);
    assert.equal(channel.subscriptionCount, 2);
    two.pusher.unsubscribe('room');
    assert.equal((await one.event('room', counted)).data.subscription_count, 1);
    assert.equal(channel.subscriptionCount, 1);
  });
});
