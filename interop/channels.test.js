import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { large, unicode } from './payloads.js';
import { duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

suite('channels', () => {
  const shared = duringSuite();
  let broker, auth, server;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    server = serverLibrary(broker);
  });

  test('a public channel', async (t) => {
    const js = new JSClient(t, broker);
    const go = new GoClient(t, broker);
    await Promise.all([js.subscribe('news', 'headline'), go.subscribe('news')]);
    assert.equal(js.own('news', 'pusher:subscription_succeeded').length, 1);
    assert.equal(js.pusher.channel('news').subscribed, true);

    await server.trigger('news', 'headline', { title: 'one', n: 1 });
    await server.trigger('news', 'headline', 'two');
    await js.event('news', 'headline');
    await js.event('news', 'headline');
    await go.event('news', 'headline');
    await go.event('news', 'headline');
    assert.deepEqual(js.published('news'), [
      { event: 'headline', channel: 'news', data: { title: 'one', n: 1 } },
      { event: 'headline', channel: 'news', data: 'two' },
    ]);
    assert.deepEqual(go.published('news'), [
      { event: 'headline', channel: 'news', data: '{"title":"one","n":1}' },
      { event: 'headline', channel: 'news', data: 'two' },
    ]);
  });

  test('a channel name of all the characters there are', async (t) => {
    const channel = 'azAZ09_-=@,.;';
    const js = new JSClient(t, broker);
    const go = new GoClient(t, broker);
    await Promise.all([js.subscribe(channel, 'e'), go.subscribe(channel)]);
    await server.trigger(channel, 'e', 'x');
    assert.equal((await js.event(channel, 'e')).data, 'x');
    assert.equal((await go.event(channel, 'e')).data, 'x');
  });

  test('a private channel', async (t) => {
    const js = new JSClient(t, broker, { auth });
    const go = new GoClient(t, broker, { auth });
    const outside = new JSClient(t, broker);
    await Promise.all([js.subscribe('private-a', 'e'), go.subscribe('private-a'), outside.subscribe('a', 'e')]);
    await server.trigger(['private-a', 'a'], 'e', { secret: true });
    assert.deepEqual((await js.event('private-a', 'e')).data, { secret: true });
    assert.equal((await go.event('private-a', 'e')).data, '{"secret":true}');
    await outside.event('a', 'e');
    assert.equal(js.published('private-a').length, 1);
    assert.equal(go.published('private-a').length, 1);
    assert.deepEqual(outside.published('private-a'), []);
  });

  test('the endpoint says no', async (t) => {
    const js = new JSClient(t, broker, { auth });
    const go = new GoClient(t, broker, { auth });
    js.join('private-forbidden', 'e');
    const { data } = await js.event('private-forbidden', 'pusher:subscription_error');
    assert.equal(data.type, 'AuthError');
    assert.equal(data.status, 403);
    await go.command({ command: 'subscribe', channel: 'private-forbidden' });
    const refusal = await go.event('private-forbidden', 'pusher:subscription_error');
    assert.equal(refusal.status, 403);

    // The connection lives on, and nothing of the channel reaches it: what
    // goes there first would have come before the fence.
    await Promise.all([js.subscribe('fence', 'e'), go.subscribe('fence')]);
    await server.trigger('private-forbidden', 'e', 'x');
    await server.trigger('fence', 'e', 'x');
    await Promise.all([js.event('fence', 'e'), go.event('fence', 'e')]);
    for (const client of [js, go]) assert.deepEqual(client.published('private-forbidden'), []);
    assert.equal(js.own('private-forbidden', 'pusher:subscription_error').length, 1);
    assert.equal(js.own('private-forbidden', 'pusher:subscription_succeeded').length, 0);
    assert.equal(go.inbox.all.filter((l) => l.event === 'pusher:subscription_error').length, 1);
    assert.deepEqual(js.states(), ['connected']);
  });

  test('a signature with the wrong secret', async (t) => {
    const wrong = await startEndpoint(t, { secret: 'another-secret' });
    const params = { user_id: 'eve' };
    const js = new JSClient(t, broker, { auth: wrong, params });
    const go = new GoClient(t, broker, { auth: wrong, user: 'eve' });
    await Promise.all([js.connected(), go.connected()]);
    for (const channel of ['private-a', 'presence-a']) {
      js.join(channel, 'e');
      const { data } = await js.event(channel, 'pusher:subscription_error');
      assert.equal(data.type, 'AuthError');
      assert.equal(data.status, 401);
      assert.match(data.error, /signature/i);
      assert.equal(js.pusher.channel(channel).subscribed, false);
      await go.command({ command: 'subscribe', channel });
      const refusal = await go.event(channel, 'pusher:subscription_error');
      assert.equal(refusal.status, 401);
      assert.match(refusal.error, /signature/i);
    }
    await Promise.all([js.subscribe('fence', 'e'), go.subscribe('fence')]);
    await server.trigger(['private-a', 'presence-a'], 'e', 'x');
    await server.trigger('fence', 'e', 'x');
    await Promise.all([js.event('fence', 'e'), go.event('fence', 'e')]);
    for (const client of [js, go]) {
      for (const channel of ['private-a', 'presence-a']) assert.deepEqual(client.published(channel), []);
    }
    assert.deepEqual(js.states(), ['connected']);
  });

  test('unsubscribing stops events', async (t) => {
    const js = new JSClient(t, broker, { auth });
    const go = new GoClient(t, broker, { auth });
    for (const channel of ['left', 'private-left']) {
      await Promise.all([js.subscribe(channel, 'e'), go.subscribe(channel)]);
      await server.trigger(channel, 'e', 'before');
      await Promise.all([js.event(channel, 'e'), go.event(channel, 'e')]);
      js.pusher.unsubscribe(channel);
      await go.command({ command: 'unsubscribe', channel });

      // Both send the new subscription behind the end of the old one.
      const fence = `fence-${channel}`;
      await Promise.all([js.subscribe(fence, 'e'), go.subscribe(fence)]);
      await server.trigger(channel, 'e', 'after');
      await server.trigger(fence, 'e', 'after');
      await Promise.all([js.event(fence, 'e'), go.event(fence, 'e')]);
      for (const client of [js, go]) assert.deepEqual(client.published(channel).map((m) => m.data), ['before']);

      const state = await (await server.get({ path: `/channels/${channel}` })).json();
      assert.equal(state.occupied, false);

      // And it can be had again.
      await Promise.all([js.subscribe(channel, 'e'), go.subscribe(channel)]);
      await server.trigger(channel, 'e', 'again');
      await Promise.all([js.event(channel, 'e'), go.event(channel, 'e')]);
      for (const client of [js, go]) assert.deepEqual(client.published(channel).map((m) => m.data), ['before', 'again']);
    }
    assert.deepEqual(js.inbox.all.filter((item) => item.error), []);
    assert.deepEqual(go.inbox.all.filter((l) => l.error), []);
  });

  for (const [name, payload] of [['unicode', unicode], ['9 KB', large]]) {
    test(`${name} in published events`, async (t) => {
      const js = new JSClient(t, broker);
      const go = new GoClient(t, broker);
      await Promise.all([js.subscribe('payloads', 'text', 'object'), go.subscribe('payloads')]);
      await server.trigger('payloads', 'text', payload);
      await server.trigger('payloads', 'object', { payload });
      assert.equal((await js.event('payloads', 'text')).data, payload);
      assert.deepEqual((await js.event('payloads', 'object')).data, { payload });
      assert.equal((await go.event('payloads', 'text')).data, payload);
      assert.equal((await go.event('payloads', 'object')).data, JSON.stringify({ payload }));
    });
  }

  test('the names of events are kept', async (t) => {
    const names = ['naïve ☕ 😀', 'with "quotes" and \\', 'a'.repeat(200)];
    const js = new JSClient(t, broker);
    const go = new GoClient(t, broker);
    await Promise.all([js.subscribe('names', ...names), go.subscribe('names')]);
    for (const name of names) {
      await server.trigger('names', name, 'x');
      assert.equal((await js.event('names', name)).data, 'x');
      assert.equal((await go.event('names', name)).data, 'x');
    }
    assert.deepEqual(js.published('names').map((m) => m.event), names);
    assert.deepEqual(go.published('names').map((m) => m.event), names);
  });

  test('the name of an event has up to 200 characters, not bytes', async (t) => {
    const name = 'é'.repeat(200);
    const js = new JSClient(t, broker);
    const go = new GoClient(t, broker);
    await Promise.all([js.subscribe('names', name), go.subscribe('names')]);
    await server.trigger('names', name, 'x');
    assert.equal((await js.event('names', name)).data, 'x');
    assert.equal((await go.event('names', name)).data, 'x');
  });
});
