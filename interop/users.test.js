import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { duringSuite, JSClient, serverLibrary, startBroker } from './peers.js';

suite('users and caches', () => {
  const shared = duringSuite();
  let broker, server;
  before(async () => {
    broker = await startBroker(shared);
    server = serverLibrary(broker);
  });

  // A client of pusher-js that signs in with a token of the official library.
  const signedIn = async (t, user, options = {}) => {
    const js = new JSClient(t, broker, {
      userAuthentication: {
        customHandler: ({ socketId }, callback) => callback(null, server.authenticateUser(socketId, user)),
      },
      authorize: (socketId, channel) => server.authorizeChannel(socketId, channel),
      ...options,
    });
    js.pusher.user.bind('news', (data) => js.inbox.put({ news: data }));
    js.pusher.user.watchlist.bind('online', (data) => js.inbox.put({ online: data.user_ids }));
    js.pusher.user.watchlist.bind('offline', (data) => js.inbox.put({ offline: data.user_ids }));
    await js.connected();
    js.pusher.signin();
    await js.messages.take((m) => m.event === 'pusher:signin_success', 'sign-in');
    await js.messages.take((m) => m.event === 'pusher_internal:subscription_succeeded' && m.channel === `#server-to-user-${user.id}`, 'own channel');
    return js;
  };

  test('events for a user reach all of their connections and nobody else', async (t) => {
    const [one, two, other] = await Promise.all([signedIn(t, { id: 'ann' }), signedIn(t, { id: 'ann' }), signedIn(t, { id: 'bob' })]);
    assert.equal(one.pusher.user.user_data.id, 'ann');
    await server.sendToUser('ann', 'news', { for: 'ann' });
    await server.sendToUser('bob', 'news', { for: 'bob' });
    for (const js of [one, two]) assert.deepEqual((await js.inbox.take((i) => i.news, 'news')).news, { for: 'ann' });
    assert.deepEqual((await other.inbox.take((i) => i.news, 'news')).news, { for: 'bob' });
  });

  test('who watches hears of coming and going', async (t) => {
    const watcher = await signedIn(t, { id: 'watcher', watchlist: ['cy', 'dee'] });
    const cy = await signedIn(t, { id: 'cy' });
    assert.deepEqual((await watcher.inbox.take((i) => i.online, 'online')).online, ['cy']);
    cy.pusher.disconnect();
    assert.deepEqual((await watcher.inbox.take((i) => i.offline, 'offline')).offline, ['cy']);
  });

  test('a watchlist that is too long is an error, and its first hundred count', async (t) => {
    const watchlist = Array.from({ length: 101 }, (_, i) => `friend-${i}`);
    const watcher = await signedIn(t, { id: 'popular', watchlist });
    const { error } = await watcher.inbox.take((item) => item.error, 'error');
    assert.equal(error.data.code, 4302);
    await signedIn(t, { id: 'friend-100' });
    await signedIn(t, { id: 'friend-99' });
    assert.deepEqual((await watcher.inbox.take((i) => i.online, 'online')).online, ['friend-99']);
    assert.equal(watcher.pusher.connection.state, 'connected');
  });

  test('the connections of a user are terminated', async (t) => {
    const js = await signedIn(t, { id: 'eve' });
    const stays = await signedIn(t, { id: 'finn' });
    await server.terminateUserConnections('eve');
    await js.inbox.take((item) => item.state === 'disconnected' || item.state === 'failed', 'end');
    assert.equal(stays.pusher.connection.state, 'connected');
  });

  test('presence through the sign-in', async (t) => {
    const js = await signedIn(t, { id: 'gus', user_info: { name: 'Gus' } });
    await js.subscribe('presence-signed');
    assert.deepEqual(js.pusher.channel('presence-signed').members.me, { id: 'gus', info: { name: 'Gus' } });
  });

  test('a wrong token is refused, and the connection lives on', async (t) => {
    const wrong = serverLibrary(broker, { secret: 'wrong' });
    const js = new JSClient(t, broker, {
      userAuthentication: { customHandler: ({ socketId }, callback) => callback(null, wrong.authenticateUser(socketId, { id: 'x' })) },
    });
    await js.connected();
    js.pusher.signin();
    const { error } = await js.inbox.take((item) => item.error, 'refusal');
    assert.equal(error.data.code, 4009);
    await js.subscribe('still-here');
  });

  for (const channel of ['cache-room', 'private-cache-room', 'presence-cache-room']) {
    test(`the last event of ${channel} comes first`, async (t) => {
      const authorize = (socketId, name) => server.authorizeChannel(socketId, name, name.startsWith('presence-') ? { user_id: socketId } : undefined);
      const early = new JSClient(t, broker, { authorize });
      const joined = await early.subscribe(channel, 'e', 'pusher:cache_miss');
      await early.event(channel, 'pusher:cache_miss');
      await server.trigger(channel, 'e', { n: 1 });
      await server.trigger(channel, 'e', { n: 2 });
      const late = new JSClient(t, broker, { authorize });
      await late.subscribe(channel, 'e', 'pusher:cache_miss');
      assert.deepEqual((await late.event(channel, 'e')).data, { n: 2 });
      assert.equal(late.own(channel, 'pusher:cache_miss').length, 0);
      assert.ok(joined.subscribed);
      const response = await server.get({ path: `/channels/${channel}`, params: { info: 'cache' } });
      const { cache } = await response.json();
      assert.equal(cache.data, '{"n":2}');
      assert.ok(cache.ttl > 1700 && cache.ttl <= 1800);
    });
  }
});
