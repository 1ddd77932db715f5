import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { before, suite, test } from 'node:test';
import { app, duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

suite('the official server library', () => {
  const shared = duringSuite();
  let broker, auth, server;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    server = serverLibrary(broker);
  });

  const get = async (path, params) => (await server.get({ path, params })).json();
  const post = async (path, body) => (await server.post({ path, body })).json();
  const user = (t, user_id) => new JSClient(t, broker, { auth, params: { user_id } });

  /** Waits for the library's error with that status. */
  const refuses = (status, call, text = /./) =>
    assert.rejects(call, (error) => {
      assert.equal(error.name, 'PusherRequestError');
      assert.equal(error.status, status, error.body);
      assert.match(error.body, text);
      return true;
    });

  suite('trigger', () => {
    test('strings stay as they are, all else becomes JSON', async (t) => {
      const js = user(t, 'ann');
      const go = new GoClient(t, broker);
      await Promise.all([js.subscribe('kinds', 'e'), go.subscribe('kinds')]);
      for (const [data, text, parsed] of [
        ['plain text', 'plain text', 'plain text'],
        ['', '', ''],
        ['{"already":"JSON"}', '{"already":"JSON"}', { already: 'JSON' }],
        ['{broken', '{broken', '{broken'],
        [{ a: [1, 2.5, null, true, 'ü'] }, '{"a":[1,2.5,null,true,"ü"]}', { a: [1, 2.5, null, true, 'ü'] }],
        [['list'], '["list"]', ['list']],
        [42, '42', 42],
        [null, 'null', null],
      ]) {
        const answer = await server.trigger('kinds', 'e', data);
        assert.equal(answer.status, 200);
        assert.deepEqual(await answer.json(), {});
        assert.deepEqual((await js.event('kinds', 'e')).data, parsed);
        assert.equal((await go.event('kinds', 'e')).data, text);
      }
    });

    test('several channels, each once', async (t) => {
      const one = user(t, 'ann');
      const two = user(t, 'bob');
      await Promise.all([one.subscribe('a', 'e', 'fence'), one.subscribe('private-b', 'e'), two.subscribe('private-b', 'e', 'fence'), two.subscribe('c', 'e')]);
      await server.trigger(['a', 'private-b', 'nobody-there'], 'e', { n: 1 });
      await server.trigger(['a', 'private-b'], 'fence', '');
      await Promise.all([one.event('a', 'fence'), two.event('private-b', 'fence')]);
      const e = (channel) => [{ event: 'e', channel, data: { n: 1 } }];
      const without = (client, channel) => client.published(channel).filter((m) => m.event !== 'fence');
      assert.deepEqual(without(one, 'a'), e('a'));
      assert.deepEqual(without(one, 'private-b'), e('private-b'));
      assert.deepEqual(without(two, 'private-b'), e('private-b'));
      assert.deepEqual(without(two, 'c'), []);
    });

    test('100 channels are allowed, 101 are not', async (t) => {
      const js = user(t, 'ann');
      const channels = Array.from({ length: 100 }, (_, i) => `many-${i}`);
      await Promise.all(channels.map((channel) => js.subscribe(channel, 'e')));
      await server.trigger(channels, 'e', 'x');
      await Promise.all(channels.map((channel) => js.event(channel, 'e')));

      // The library itself refuses more, so this goes past its checks.
      await refuses(400, post('/events', { name: 'e', data: 'y', channels: [...channels, 'many-100'] }), /100/);
      await server.trigger(channels[99], 'e', 'z');
      await js.event(channels[99], 'e');
      for (const channel of channels.slice(0, 99)) assert.deepEqual(js.published(channel).map((m) => m.data), ['x']);
      assert.deepEqual(js.published(channels[99]).map((m) => m.data), ['x', 'z']);
    });

    test('a socket id leaves its connection out', async (t) => {
      const one = user(t, 'ann');
      const two = user(t, 'bob');
      const go = new GoClient(t, broker);
      const goId = await go.connected();
      await Promise.all([one.subscribe('but', 'e', 'fence'), two.subscribe('but', 'e', 'fence'), go.subscribe('but')]);
      await server.trigger('but', 'e', 'not one', { socket_id: one.socketId });
      await server.trigger('but', 'e', 'not go', { socket_id: goId });
      await server.trigger('but', 'e', 'all', { socket_id: '1.1' });
      await server.trigger('but', 'fence', '');
      await Promise.all([one, two, go].map((client) => client.event('but', 'fence')));
      const data = (client) => client.published('but').filter((m) => m.event === 'e').map((m) => m.data);
      assert.deepEqual(data(one), ['not go', 'all']);
      assert.deepEqual(data(two), ['not one', 'not go', 'all']);
      assert.deepEqual(data(go), ['not one', 'all']);
    });

    test('info answers with the counts of each channel', async (t) => {
      const clients = [user(t, 'ann'), user(t, 'ann'), user(t, 'bob')];
      await Promise.all(clients.flatMap((client) => [client.subscribe('presence-i', 'e'), client.subscribe('private-i', 'e')]));
      const answer = await server.trigger(['presence-i', 'private-i', 'empty-i'], 'e', 'x', { info: 'user_count,subscription_count' });
      assert.deepEqual(await answer.json(), {
        channels: {
          'presence-i': { user_count: 2 },
          'private-i': { subscription_count: 3 },
          'empty-i': { subscription_count: 0 },
        },
      });
      for (const client of clients) await Promise.all([client.event('presence-i', 'e'), client.event('private-i', 'e')]);
      const only = await server.trigger(['presence-i', 'private-i'], 'e', 'x', { info: 'user_count' });
      assert.deepEqual(await only.json(), { channels: { 'presence-i': { user_count: 2 }, 'private-i': {} } });
    });

    test('10 KB are allowed, one byte more is not', async (t) => {
      const js = user(t, 'ann');
      const go = new GoClient(t, broker);
      await Promise.all([js.subscribe('size', 'e'), go.subscribe('size')]);
      const ascii = 'x'.repeat(10 * 1024);
      const wide = 'é'.repeat(5 * 1024);
      const escaped = '"'.repeat(10 * 1024);
      for (const data of [ascii, wide, escaped]) {
        await server.trigger('size', 'e', data);
        assert.equal((await js.event('size', 'e')).data, data);
        assert.equal((await go.event('size', 'e')).data, data);
        await refuses(413, server.trigger('size', 'e', data + 'x'));
      }
      await refuses(413, server.triggerBatch([{ channel: 'size', name: 'e', data: 'small' }, { channel: 'size', name: 'e', data: ascii + 'x' }]));
      await server.trigger('size', 'e', 'last');
      await Promise.all([js.event('size', 'e'), go.event('size', 'e')]);
      for (const client of [js, go]) assert.deepEqual(client.published('size').map((m) => m.data), [ascii, wide, escaped, 'last']);
    });

    test('a body far too large is answered each time', async (t) => {
      const js = user(t, 'ann');
      await js.subscribe('far', 'e');
      for (const megabytes of [1, 1, 1, 1, 8, 8, 8]) {
        await refuses(413, server.trigger('far', 'e', 'x'.repeat(megabytes << 20)));
      }
      await server.trigger('far', 'e', 'right');
      await js.event('far', 'e');
      assert.deepEqual(js.published('far').map((m) => m.data), ['right']);
    });

    test('one connection serves many requests, refused ones too', async (t) => {
      const js = user(t, 'ann');
      await js.subscribe('kept', 'e');
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const ports = new Set();
      agent.on('free', (socket) => ports.add(socket.localPort));
      const library = serverLibrary(broker, { agent });
      for (let n = 0; n < 5; n++) {
        await (await library.trigger('kept', 'e', n)).json();
        await refuses(413, library.trigger('kept', 'e', 'x'.repeat(10 * 1024 + 1)));
        await refuses(400, library.post({ path: '/events', body: {} }));
        await (await library.get({ path: '/channels' })).json();
      }
      for (let n = 0; n < 5; n++) await js.event('kept', 'e');
      assert.deepEqual(js.published('kept').map((m) => m.data), [0, 1, 2, 3, 4]);
      assert.equal(ports.size, 1);
    });

    test('what is malformed', async (t) => {
      const js = user(t, 'ann');
      await js.subscribe('strict', 'e');
      const event = { name: 'e', channels: ['strict'], data: 'x' };
      for (const wrong of [
        { name: '' },
        { name: undefined },
        { name: 'x'.repeat(201) },
        { data: undefined },
        { data: { an: 'object' } },
        { channels: [] },
        { channels: undefined },
        { channels: ['strict', 'with space'] },
        { channels: ['strict', ''] },
        { channels: ['strict', 'x'.repeat(201)] },
        { socket_id: 'nonsense' },
      ]) {
        await refuses(400, post('/events', { ...event, ...wrong }));
      }
      await server.trigger('strict', 'e', 'right');
      await js.event('strict', 'e');
      assert.deepEqual(js.published('strict').map((m) => m.data), ['right']);
    });
  });

  suite('triggerBatch', () => {
    test('events arrive in order', async (t) => {
      const one = user(t, 'ann');
      const two = user(t, 'bob');
      const go = new GoClient(t, broker);
      await Promise.all([one, two, go].flatMap((client) => [client.subscribe('batch-a', 'e'), client.subscribe('batch-b', 'e')]));
      const answer = await server.triggerBatch([
        { channel: 'batch-a', name: 'e', data: { n: 1 } },
        { channel: 'batch-b', name: 'e', data: 'two' },
        { channel: 'batch-a', name: 'e', data: 'three', socket_id: one.socketId },
        { channel: 'batch-a', name: 'e', data: 4 },
      ]);
      assert.deepEqual(await answer.json(), {});
      await server.trigger('batch-b', 'e', 'end');
      for (const client of [one, two, go]) {
        await client.event('batch-b', 'e');
        await client.event('batch-b', 'e');
        assert.deepEqual(client.published('batch-b').map((m) => m.data), ['two', 'end']);
      }
      assert.deepEqual(one.published('batch-a').map((m) => m.data), [{ n: 1 }, 4]);
      assert.deepEqual(two.published('batch-a').map((m) => m.data), [{ n: 1 }, 'three', 4]);
      assert.deepEqual(go.published('batch-a').map((m) => m.data), ['{"n":1}', 'three', '4']);
    });

    test('info answers for each event in turn', async (t) => {
      const js = user(t, 'ann');
      await Promise.all([js.subscribe('presence-n'), js.subscribe('n')]);
      const event = { name: 'e', data: 'x' };
      const answer = await server.triggerBatch([
        { ...event, channel: 'n' },
        { ...event, channel: 'presence-n', info: 'user_count' },
        { ...event, channel: 'n', info: 'subscription_count' },
      ]);
      assert.deepEqual(await answer.json(), { batch: [{}, { user_count: 1 }, { subscription_count: 1 }] });
    });

    test('ten events are allowed, eleven are not, and one wrong stops all', async (t) => {
      const js = user(t, 'ann');
      await js.subscribe('ten', 'e');
      const events = (count) => Array.from({ length: count }, (_, i) => ({ channel: 'ten', name: 'e', data: i + 1 }));
      await refuses(400, server.triggerBatch(events(11)), /10/);
      await refuses(400, server.triggerBatch([...events(2), { channel: 'with space', name: 'e', data: 'x' }]));
      await server.triggerBatch(events(10));
      for (let i = 0; i < 10; i++) await js.event('ten', 'e');
      assert.deepEqual(js.published('ten').map((m) => m.data), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
  });

  suite('queries', () => {
    // A broker of their own, which has no other channels.
    const own = duringSuite();
    let quiet, api;
    before(async () => {
      quiet = await startBroker(own);
      api = serverLibrary(quiet);
    });
    const ask = async (path, params) => (await api.get({ path, params })).json();
    const join = (t, user_id) => new JSClient(t, quiet, { auth, params: { user_id } });

    test('/channels', async (t) => {
      assert.deepEqual(await ask('/channels'), { channels: {} });
      const ann = join(t, 'ann');
      const bob = join(t, 'bob');
      const go = new GoClient(t, quiet, { auth, user: 'bob' });
      await Promise.all([
        ann.subscribe('presence-one'), bob.subscribe('presence-one'), go.subscribe('presence-one'),
        ann.subscribe('presence-two'), ann.subscribe('private-a'), bob.subscribe('public'),
        ann.subscribe('semi;colon,equals=at@'),
      ]);
      assert.deepEqual(await ask('/channels'), {
        channels: { 'presence-one': {}, 'presence-two': {}, 'private-a': {}, public: {}, 'semi;colon,equals=at@': {} },
      });
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'presence-' }), { channels: { 'presence-one': {}, 'presence-two': {} } });
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'presence-', info: 'user_count' }), {
        channels: { 'presence-one': { user_count: 2 }, 'presence-two': { user_count: 1 } },
      });
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'p', info: 'subscription_count' }).then((a) => a.channels['private-a']), { subscription_count: 1 });
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'private-' }), { channels: { 'private-a': {} } });
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'nothing-' }), { channels: {} });
      await refuses(400, api.get({ path: '/channels', params: { info: 'user_count' } }), /presence-/);
      await refuses(400, api.get({ path: '/channels', params: { info: 'user_count', filter_by_prefix: 'private-' } }), /presence-/);
    });

    test('/channels with a prefix of all the characters there are', async (t) => {
      const js = join(t, 'ann');
      await js.subscribe('semi;colon,equals=at@');
      assert.deepEqual(await ask('/channels', { filter_by_prefix: 'semi;colon,equals=at@' }), { channels: { 'semi;colon,equals=at@': {} } });
    });

    test('/channels/NAME', async (t) => {
      const ann = [join(t, 'ann'), join(t, 'ann')];
      const bob = join(t, 'bob');
      await Promise.all([...ann, bob].flatMap((client) => [client.subscribe('presence-three'), client.subscribe('three'), client.subscribe('semi;colon,equals=at@')]));
      assert.deepEqual(await ask('/channels/three'), { occupied: true });
      assert.deepEqual(await ask('/channels/semi;colon,equals=at@', { info: 'subscription_count' }), { occupied: true, subscription_count: 3 });
      assert.deepEqual(await ask('/channels/three', { info: 'subscription_count' }), { occupied: true, subscription_count: 3 });
      assert.deepEqual(await ask('/channels/presence-three', { info: 'user_count' }), { occupied: true, user_count: 2 });
      assert.deepEqual(await ask('/channels/presence-three', { info: 'user_count,subscription_count' }), { occupied: true, user_count: 2, subscription_count: 3 });
      assert.deepEqual(await ask('/channels/nobody-there'), { occupied: false });
      assert.deepEqual(await ask('/channels/presence-nobody', { info: 'user_count' }), { occupied: false, user_count: 0 });
      await refuses(400, api.get({ path: '/channels/three', params: { info: 'user_count' } }), /presence/);
    });

    test('/channels/NAME/users', async (t) => {
      const clients = [join(t, 'ann'), join(t, 'ann'), join(t, 'bob')];
      const go = new GoClient(t, quiet, { auth, user: 'cy' });
      await Promise.all([...clients, go].map((client) => client.subscribe('presence-four')));
      const { users, ...rest } = await ask('/channels/presence-four/users');
      assert.deepEqual(users.sort((a, b) => (a.id < b.id ? -1 : 1)), [{ id: 'ann' }, { id: 'bob' }, { id: 'cy' }]);
      assert.deepEqual(rest, {});
      assert.deepEqual(await ask('/channels/presence-nobody/users'), { users: [] });
      await refuses(400, api.get({ path: '/channels/private-four/users' }), /presence/);
    });
  });

  suite('credentials', () => {
    const calls = (library) => [
      ['trigger', () => library.trigger('guarded', 'e', 'forged')],
      ['triggerBatch', () => library.triggerBatch([{ channel: 'guarded', name: 'e', data: 'forged' }])],
      ['channels', () => library.get({ path: '/channels' })],
      ['channel', () => library.get({ path: '/channels/guarded' })],
      ['users', () => library.get({ path: '/channels/presence-guarded/users' })],
    ];

    for (const [name, status, options] of [
      ['a wrong secret', 401, { secret: 'another-secret' }],
      ['a wrong key', 401, { key: 'another-key' }],
      ['a wrong app id', 404, { appId: 'another-app' }],
    ]) {
      test(name, async (t) => {
        const js = user(t, 'ann');
        await js.subscribe('guarded', 'e');
        for (const [, call] of calls(serverLibrary(broker, options))) await refuses(status, call);
        await server.trigger('guarded', 'e', 'genuine');
        await js.event('guarded', 'e');
        assert.deepEqual(js.published('guarded').map((m) => m.data), ['genuine']);
      });
    }

    test('a signature is for one request', async (t) => {
      const js = user(t, 'ann');
      await js.subscribe('guarded', 'e');
      const send = async (path, signed, body) => {
        const query = server.createSignedQueryString({ method: 'POST', path, body: signed });
        const answer = await fetch(`http://${broker.address}${path}?${query}`, { method: 'POST', body });
        await answer.text();
        return answer.status;
      };
      const event = (data) => JSON.stringify({ name: 'e', channels: ['guarded'], data });
      const path = `/apps/${app.id}/events`;
      assert.equal(await send(path, event('signed'), event('changed')), 401);
      assert.equal(await send(path, undefined, event('unsigned')), 401);
      assert.equal(await send(path, event('signed'), event('signed')), 200);
      await js.event('guarded', 'e');
      assert.deepEqual(js.published('guarded').map((m) => m.data), ['signed']);
    });
  });
});
