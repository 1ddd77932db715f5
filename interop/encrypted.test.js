import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { unicode } from './payloads.js';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

suite('encrypted channels', () => {
  const shared = duringSuite();
  let broker, auth, server;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    server = serverLibrary(broker);
  });

  for (const channel of ['private-encrypted-room', 'private-encrypted-cache-room']) {
    test(`what the official library seals on ${channel}, both clients open`, async (t) => {
      const js = new JSClient(t, broker, { auth });
      const go = new GoClient(t, broker, { auth });
      await Promise.all([js.subscribe(channel, 'e', 'last'), go.subscribe(channel)]);
      const all = ['text', 'a "quoted" text', { a: [1, 2, { b: null }] }, [], 7, true, unicode, { text: unicode }, 'x'.repeat(5000)];
      for (const data of all) await server.trigger(channel, 'e', data);
      await server.trigger(channel, 'last', 'x');
      await Promise.all([js.event(channel, 'last'), go.event(channel, 'last')]);
      const opened = js.inbox.all.filter((item) => item.event === 'e' && item.channel === channel).map((item) => item.data);
      assert.deepEqual(opened, all);
      assert.deepEqual(
        go.published(channel).filter((l) => l.event === 'e').map((l) => l.data),
        all.map((data) => (typeof data === 'string' ? data : JSON.stringify(data))),
      );
      // Nothing of it was in the clear.
      for (const message of js.published(channel)) assert.deepEqual(Object.keys(message.data).sort(), ['ciphertext', 'nonce']);
    });
  }

  test('with another master key: lost and told, and then with the right one', async (t) => {
    const channel = 'private-encrypted-keys';
    const other = serverLibrary(broker, { encryptionMasterKeyBase64: Buffer.alloc(32, 8).toString('base64') });
    const go = new GoClient(t, broker, { auth });
    await go.subscribe(channel);
    await other.trigger(channel, 'e', 'lost');
    await server.trigger(channel, 'e', 'found');
    const failure = await go.event(channel, 'pusher:decryption_error');
    assert.match(failure.error, /master key/);
    assert.equal((await go.event(channel, 'e')).data, 'found');
    assert.equal(go.published(channel).length, 1);
  });

  test('nobody may send a client event', async (t) => {
    const go = new GoClient(t, broker, { auth });
    await go.subscribe('private-encrypted-mute');
    const { error } = await go.command({ command: 'trigger', channel: 'private-encrypted-mute', event: 'client-x', data: {} });
    assert.match(error, /encrypted channel/);
  });
});
