import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

const added = 'pusher:member_added';
const removed = 'pusher:member_removed';

suite('presence', () => {
  const shared = duringSuite();
  let broker, auth, server;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    server = serverLibrary(broker);
  });

  test('members come and go', async (t) => {
    const channel = 'presence-room';
    const user = (user_id, name) => new JSClient(t, broker, { auth, params: { user_id, name } });
    const ann = { id: 'ann', info: { name: 'Ann' } };
    const bob = { id: 'bob', info: { name: 'Bôb 😀' } };
    const changes = (client, event) => client.own(channel, event).map((item) => item.data);
    const goChanges = (client, event) => client.inbox.all.filter((l) => l.event === event).map((l) => l.data);
    const roster = (client) => {
      const list = [];
      client.pusher.channel(channel).members.each((member) => list.push(member));
      return list.sort((a, b) => (a.id < b.id ? -1 : 1));
    };
    // What was queued for somebody on the channel is there when this is.
    let fences = 0;
    const fence = async (...clients) => {
      const name = `fence-${++fences}`;
      for (const client of clients) client.pusher?.channel(channel).bind(name, () => client.inbox.put({ event: name, channel }));
      await server.trigger(channel, name, 'x');
      await Promise.all(clients.map((client) => client.event(channel, name)));
    };

    // One is alone.
    const js1 = user('ann', 'Ann');
    await js1.subscribe(channel);
    const mine = js1.pusher.channel(channel).members;
    assert.equal(mine.count, 1);
    assert.deepEqual(mine.me, ann);
    assert.deepEqual(roster(js1), [ann]);

    // A second, of pusher-js.
    const js2 = user('bob', 'Bôb 😀');
    await js2.subscribe(channel);
    assert.deepEqual((await js1.event(channel, added)).data, bob);
    assert.deepEqual(roster(js1), [ann, bob]);
    assert.deepEqual(roster(js2), [ann, bob]);
    assert.equal(js2.pusher.channel(channel).members.count, 2);
    assert.deepEqual(js2.pusher.channel(channel).members.me, bob);

    // A third, in Go, without any information about itself.
    const go = new GoClient(t, broker, { auth, user: 'cy' });
    await go.subscribe(channel);
    for (const js of [js1, js2]) {
      assert.equal((await js.event(channel, added)).data.id, 'cy');
      assert.equal(js.pusher.channel(channel).members.count, 3);
      assert.deepEqual(roster(js).map((m) => m.id), ['ann', 'bob', 'cy']);
    }
    const seen = await go.members(channel);
    assert.equal(seen.me, 'cy');
    assert.deepEqual(seen.members.sort((a, b) => (a.id < b.id ? -1 : 1)), [ann, bob, { id: 'cy' }]);

    // The same user again is the same member: with pusher-js and in Go.
    const js3 = user('bob', 'Bôb 😀');
    const go2 = new GoClient(t, broker, { auth, user: 'cy' });
    await Promise.all([js3.subscribe(channel), go2.subscribe(channel)]);
    assert.equal(js3.pusher.channel(channel).members.count, 3);
    assert.deepEqual(js3.pusher.channel(channel).members.me, bob);
    assert.equal((await go2.members(channel)).members.length, 3);
    await fence(js1, js2, js3, go, go2);
    assert.deepEqual(changes(js1, added).map((m) => m.id), ['bob', 'cy']);
    assert.deepEqual(changes(js2, added).map((m) => m.id), ['cy']);
    assert.deepEqual(changes(js3, added), []);
    assert.deepEqual(goChanges(go, added), []);

    // Nor does it go with one of its connections. Both say what they want
    // next behind that, so it has happened when they have it.
    js3.pusher.unsubscribe(channel);
    await go2.command({ command: 'unsubscribe', channel });
    await Promise.all([js3.subscribe('elsewhere'), go2.subscribe('elsewhere')]);
    await fence(js1, js2, go);
    for (const js of [js1, js2]) {
      assert.deepEqual(changes(js, removed), []);
      assert.equal(js.pusher.channel(channel).members.count, 3);
    }
    assert.deepEqual(goChanges(go, removed), []);

    // Both come back and are cut off: no difference.
    await Promise.all([js3.subscribe(channel), go2.subscribe(channel)]);
    js3.pusher.disconnect();
    await go2.quit();
    await connections(server, channel, 3);
    await fence(js1, js2, go);
    assert.deepEqual(changes(js1, removed), []);
    assert.deepEqual(goChanges(go, removed), []);

    // With the last one it does, with what was known about it.
    js2.pusher.disconnect();
    assert.deepEqual((await js1.event(channel, removed)).data, bob);
    assert.deepEqual((await go.event(channel, removed)).data, bob);
    assert.equal(mine.count, 2);
    assert.deepEqual((await go.members(channel)).members.map((m) => m.id).sort(), ['ann', 'cy']);

    const end = await go.quit();
    assert.deepEqual(end, { code: 0, signal: null, errors: '' });
    assert.equal((await js1.event(channel, removed)).data.id, 'cy');
    await fence(js1);
    assert.equal(mine.count, 1);
    assert.deepEqual(roster(js1), [ann]);
    assert.deepEqual(changes(js1, added).map((m) => m.id), ['bob', 'cy']);
    assert.deepEqual(changes(js1, removed).map((m) => m.id), ['bob', 'cy']);
    assert.deepEqual(goChanges(go, removed).map((m) => m.id), ['bob']);
  });

  test('one connection on several presence channels', async (t) => {
    const js = new JSClient(t, broker, { auth, params: { user_id: 'ann' } });
    const go = new GoClient(t, broker, { auth, user: 'cy' });
    await Promise.all([js.subscribe('presence-x'), js.subscribe('presence-y'), go.subscribe('presence-x')]);
    const ids = async (channel) => {
      const { users } = await (await server.get({ path: `/channels/${channel}/users` })).json();
      return users.map((user) => user.id).sort();
    };
    assert.deepEqual(await ids('presence-x'), ['ann', 'cy']);
    assert.deepEqual(await ids('presence-y'), ['ann']);
    assert.deepEqual(Object.keys(js.pusher.channel('presence-y').members.members), ['ann']);
  });

  test('a presence channel needs a user', async (t) => {
    const js = new JSClient(t, broker, { auth });
    js.join('presence-nobody');
    const { data } = await js.event('presence-nobody', 'pusher:subscription_error');
    assert.equal(data.type, 'AuthError');
    assert.equal(data.status, 500); // the endpoint granted what cannot be
    assert.deepEqual(js.states(), ['connected']);
  });
});

/** Asks, until it is so, whether a channel has that many connections. */
async function connections(server, channel, count) {
  const end = Date.now() + 5000;
  for (;;) {
    const state = await (await server.get({ path: `/channels/${channel}`, params: { info: 'subscription_count' } })).json();
    if (state.subscription_count === count) return;
    assert.ok(Date.now() < end, `${channel} has ${state.subscription_count} connections instead of ${count}`);
  }
}
