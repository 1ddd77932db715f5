import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker } from './peers.js';

suite('connections of pusher-js', () => {
  const shared = duringSuite();
  let broker;
  before(async () => {
    broker = await startBroker(shared);
  });

  test('it connects and learns its socket id', async (t) => {
    const one = new JSClient(t, broker);
    const two = new JSClient(t, broker);
    const ids = [await one.connected(), await two.connected()];
    for (const id of ids) assert.match(id, /^\d+\.\d+$/);
    assert.notEqual(ids[0], ids[1]);
    for (const client of [one, two]) {
      assert.equal(client.pusher.connection.state, 'connected');
      assert.deepEqual(client.states(), ['connected']);
      assert.deepEqual(client.inbox.all.filter((item) => item.error), []);
    }
  });

  test('it stays connected by pinging', async (t) => {
    // Pings come after 300 ms of silence; a missing answer would end the
    // connection, and the long pongTimeout only spares slow machines.
    const client = new JSClient(t, broker, { activityTimeout: 300, pongTimeout: 5000 });
    const id = await client.connected();
    for (let i = 1; i <= 4; i++) {
      const pong = await client.messages.take((m) => m.event === 'pusher:pong', `pong ${i}`);
      assert.deepEqual(pong.data ?? {}, {});
    }
    assert.equal(client.socketId, id);
    assert.deepEqual(client.states(), ['connected']);
    assert.deepEqual(client.inbox.all.filter((item) => item.error), []);

    await client.subscribe('after-pings', 'news');
    await serverLibrary(broker).trigger('after-pings', 'news', 'still here');
    assert.equal((await client.event('after-pings', 'news')).data, 'still here');
  });

  test('an unknown key is refused for good', async (t) => {
    const client = new JSClient(t, broker, { key: 'no-such-key' });
    const { error } = await client.inbox.take((item) => item.error, 'error');
    assert.equal(error.type, 'WebSocketError');
    assert.equal(error.error.type, 'PusherError');
    assert.equal(error.error.data.code, 4001);
    assert.match(error.error.data.message, /no-such-key/);
    await client.inbox.take((item) => item.state === 'disconnected', 'disconnection');

    // Nothing tells that it will never connect again. pusher-js does so at
    // once or after 1 s when it does at all.
    await pause(1500);
    assert.deepEqual(client.states(), ['disconnected']);
    assert.equal(client.inbox.all.filter((item) => item.error).length, 1);
  });

  test('the Go client ends at an unknown key', async (t) => {
    const client = new GoClient(t, broker, { key: 'no-such-key' });
    const end = await client.exit();
    assert.equal(end.code, 1);
    assert.match(end.errors, /4001/);
    const states = client.inbox.all.filter((l) => l.event === 'state_change').map((l) => l.data.current);
    assert.deepEqual(states, ['connecting', 'failed']);
  });
});
