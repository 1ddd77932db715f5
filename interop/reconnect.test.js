import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

// pusher-js tries again at once when it is told to (4200) and after 1 s when
// the connection breaks; should nobody listen yet, it comes back after 15 s.
const slow = 25_000;

suite('a broker that restarts on the same port', { concurrency: true }, () => {
  const shared = duringSuite();
  const endpoint = startEndpoint(shared);

  for (const [how, signal] of [['in order', 'SIGTERM'], ['by a crash', 'SIGKILL']]) {
    test(`clients come back to all their channels: ${how}`, async (t) => {
      const auth = await endpoint;
      const broker = await startBroker(t);
      const js = new JSClient(t, broker, { auth, params: { user_id: 'ann', name: 'Ann' } });
      const go = new GoClient(t, broker, { auth, user: 'cy' });
      const before = [await js.connected(), await go.connected()];
      const channels = ['news', 'presence-a', 'private-a'];
      for (const channel of channels) await Promise.all([js.subscribe(channel, 'e', 'client-e'), go.subscribe(channel)]);
      js.join('left', 'e');
      await js.event('left', 'pusher:subscription_succeeded');
      js.pusher.unsubscribe('left');
      await serverLibrary(broker).trigger(channels, 'e', 'before');
      for (const channel of channels) await Promise.all([js.event(channel, 'e'), go.event(channel, 'e')]);

      const end = await broker.stop(signal);
      if (signal === 'SIGTERM') assert.deepEqual([end.code, end.signal], [0, null]);
      const restarted = await startBroker(t, broker.address);
      assert.equal(restarted.address, broker.address);

      const again = await Promise.all([js.connected(slow), go.connected(slow)]);
      for (const id of again) assert.match(id, /^\d+\.\d+$/);
      assert.equal(new Set([...before, ...again]).size, 4);
      for (const channel of channels) {
        await Promise.all([js.event(channel, 'pusher:subscription_succeeded'), go.event(channel, 'pusher:subscription_succeeded')]);
      }

      // Exactly these, each once, and everything works on them.
      const server = serverLibrary(restarted);
      const occupied = await (await server.get({ path: '/channels', params: { info: 'subscription_count' } })).json();
      assert.deepEqual(Object.keys(occupied.channels).sort(), channels);
      for (const channel of ['news', 'private-a']) assert.equal(occupied.channels[channel].subscription_count, 2);
      const { users } = await (await server.get({ path: '/channels/presence-a/users' })).json();
      assert.deepEqual(users.map((user) => user.id).sort(), ['ann', 'cy']);

      await server.trigger([...channels, 'left'], 'e', 'after');
      for (const channel of channels) {
        await Promise.all([js.event(channel, 'e'), go.event(channel, 'e')]);
        for (const client of [js, go]) assert.deepEqual(client.published(channel).map((m) => m.data), ['before', 'after']);
      }
      assert.deepEqual(js.published('left'), []);

      js.pusher.channel('presence-a').trigger('client-e', { n: 1 });
      assert.equal((await go.event('presence-a', 'client-e')).user_id, 'ann');
      await go.command({ command: 'trigger', channel: 'private-a', event: 'client-e', data: { n: 2 } });
      assert.deepEqual((await js.event('private-a', 'client-e')).data, { n: 2 });

      const members = js.pusher.channel('presence-a').members;
      assert.deepEqual(members.me, { id: 'ann', info: { name: 'Ann' } });
      assert.deepEqual(Object.keys(members.members).sort(), ['ann', 'cy']);
      assert.equal(members.count, 2);
    });
  }
});
