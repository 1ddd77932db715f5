import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { large, unicode } from './payloads.js';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

suite('client events', () => {
  const shared = duringSuite();
  let broker, auth, server;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    server = serverLibrary(broker);
  });

  /** Two clients of pusher-js and one in Go on a channel. */
  async function three(t, channel) {
    const ann = new JSClient(t, broker, { auth, params: { user_id: 'ann' } });
    const bob = new JSClient(t, broker, { auth, headers: { 'X-User': 'bob' } });
    const cy = new GoClient(t, broker, { auth, user: 'cy' });
    await Promise.all([ann.subscribe(channel, 'client-a', 'client-c', 'fence'), bob.subscribe(channel, 'client-a', 'client-c', 'fence'), cy.subscribe(channel)]);
    return { ann, bob, cy };
  }

  for (const channel of ['private-room', 'presence-room']) {
    test(`both ways on ${channel}`, async (t) => {
      const presence = channel.startsWith('presence-');
      const { ann, bob, cy } = await three(t, channel);
      const from = (user) => (presence ? { user_id: user } : {});

      assert.equal(ann.pusher.channel(channel).trigger('client-a', { n: 1, from: 'liar' }), true);
      const atBob = await bob.event(channel, 'client-a');
      assert.deepEqual(atBob.data, { n: 1, from: 'liar' });
      assert.equal(atBob.user_id, presence ? 'ann' : undefined);
      const atCy = await cy.event(channel, 'client-a');
      assert.deepEqual(JSON.parse(atCy.data), { n: 1, from: 'liar' });
      assert.equal(atCy.user_id, presence ? 'ann' : undefined);

      const sent = await cy.command({ command: 'trigger', channel, event: 'client-c', data: { n: 2 } });
      assert.equal(sent.error, undefined);
      for (const client of [ann, bob]) {
        const event = await client.event(channel, 'client-c');
        assert.deepEqual(event.data, { n: 2 });
        assert.equal(event.user_id, presence ? 'cy' : undefined);
      }

      // An echo to the sender, or a second copy, would be queued for it when
      // the others have theirs, and so come before the fence.
      await server.trigger(channel, 'fence', 'x');
      await Promise.all([ann, bob, cy].map((client) => client.event(channel, 'fence')));
      const a = { event: 'client-a', channel, data: { n: 1, from: 'liar' }, ...from('ann') };
      const c = { event: 'client-c', channel, data: { n: 2 }, ...from('cy') };
      const fence = { event: 'fence', channel, data: 'x' };
      assert.deepEqual(ann.published(channel), [c, fence]);
      assert.deepEqual(bob.published(channel), [a, c, fence]);
      assert.deepEqual(cy.published(channel).map((e) => [e.event, e.user_id]), [
        ['client-a', presence ? 'ann' : undefined],
        ['fence', undefined],
      ]);
    });

    for (const [name, payload] of [['unicode', unicode], ['9 KB', large]]) {
      test(`${name} both ways on ${channel}`, async (t) => {
        const { ann, bob, cy } = await three(t, channel);
        ann.pusher.channel(channel).trigger('client-a', { payload });
        assert.deepEqual((await bob.event(channel, 'client-a')).data, { payload });
        assert.deepEqual(JSON.parse((await cy.event(channel, 'client-a')).data), { payload });
        await cy.command({ command: 'trigger', channel, event: 'client-c', data: { payload } });
        for (const client of [ann, bob]) assert.deepEqual((await client.event(channel, 'client-c')).data, { payload });
      });
    }
  }

  test('data that is not an object', async (t) => {
    const channel = 'private-kinds';
    const { ann, bob, cy } = await three(t, channel);
    for (const data of ['text', '', 0, 4.5, true, false, null, [1, 'two', null], {}]) {
      ann.pusher.channel(channel).trigger('client-a', data);
      assert.deepEqual((await bob.event(channel, 'client-a')).data, data);
      const text = (await cy.event(channel, 'client-a')).data;
      assert.equal(text, typeof data === 'string' ? data : JSON.stringify(data));
    }
  });

  test('the name of an event has up to 200 characters, not bytes', async (t) => {
    const channel = 'private-names';
    const { ann, bob, cy } = await three(t, channel);
    const name = 'client-'.padEnd(200, 'é');
    for (const client of [ann, bob]) {
      client.pusher.channel(channel).bind(name, (data) => client.inbox.put({ event: name, channel, data }));
    }
    assert.equal((await cy.command({ command: 'trigger', channel, event: name, data: { n: 1 } })).error, undefined);
    await Promise.all([ann.event(channel, name), bob.event(channel, name)]);
    ann.pusher.channel(channel).trigger(name, { n: 2 });
    await Promise.all([bob.event(channel, name), cy.event(channel, name)]);
  });

  test('none on a public channel', async (t) => {
    const one = new JSClient(t, broker);
    const two = new JSClient(t, broker);
    await Promise.all([one.subscribe('open', 'client-a', 'fence'), two.subscribe('open', 'client-a', 'fence')]);
    one.pusher.channel('open').trigger('client-a', {});
    const { error } = await one.inbox.take((item) => item.error, 'error');
    assert.equal(error.type, 'PusherError');
    assert.equal(error.data.code, 4009);
    await server.trigger('open', 'fence', 'x');
    await Promise.all([one.event('open', 'fence'), two.event('open', 'fence')]);
    for (const client of [one, two]) assert.deepEqual(client.published('open').map((m) => m.event), ['fence']);
    assert.deepEqual(one.states(), ['connected']);
  });

  test('more than ten in a second', async (t) => {
    const channel = 'private-fast';
    const { ann, bob } = await three(t, channel);
    for (let n = 1; n <= 30; n++) ann.pusher.channel(channel).trigger('client-a', { n });
    const { error } = await ann.inbox.take((item) => item.error, 'error');
    assert.equal(error.data.code, 4301);

    // What is dropped is said, what is not said arrives: all 30 are accounted
    // for once the last message before the fence is there.
    await ann.subscribe('fence-fast');
    await server.trigger(channel, 'fence', 'x');
    await Promise.all([ann.event(channel, 'fence'), bob.event(channel, 'fence')]);
    const arrived = bob.published(channel).filter((m) => m.event === 'client-a').map((m) => m.data.n);
    const refused = ann.inbox.all.filter((item) => item.error);
    assert.deepEqual(arrived.slice(0, 10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.equal(arrived.length + refused.length, 30);
    assert.deepEqual(ann.states(), ['connected']);
  });
});
