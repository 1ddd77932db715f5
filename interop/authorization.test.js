import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, suite, test } from 'node:test';
import { app, duringSuite, GoClient, JSClient, serverLibrary, startBroker, startEndpoint } from './peers.js';

suite('authorization', () => {
  const shared = duringSuite();
  let broker, auth, official;
  before(async () => {
    [broker, auth] = await Promise.all([startBroker(shared), startEndpoint(shared)]);
    official = serverLibrary(broker);
  });

  const socket = '1234.5678';

  /** What our endpoint answers. */
  async function ask(fields, { json = false } = {}) {
    const body = json ? JSON.stringify(fields) : new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => [value].flat().map((v) => [name, v])));
    const answer = await fetch(auth, { method: 'POST', body, headers: json ? { 'Content-Type': 'application/json' } : {} });
    return { status: answer.status, body: await answer.json() };
  }

  /** The signature that the official library makes of any text. */
  const sign = (text) => `${app.key}:${official.config.token.sign(text)}`;

  suite('our endpoint answers as the official library does', () => {
    for (const json of [false, true]) {
      const kind = json ? 'JSON' : 'form';

      test(`private channels, asked with a ${kind}`, async () => {
        for (const channel of ['private-a', 'private-azAZ09_-=@,.;', 'private-cache-a', 'private-' + 'x'.repeat(156)]) {
          const { status, body } = await ask({ socket_id: socket, channel_name: channel }, { json });
          assert.equal(status, 200);
          assert.deepEqual(body, official.authorizeChannel(socket, channel));
        }
      });

      test(`presence channels, asked with a ${kind}`, async () => {
        for (const [user_id, name] of [
          ['ann', undefined],
          ['10', 'Mr. Pusher'],
          ['zoë 😀', '<b>"Zoë" & \\ 😀</b>'],
        ]) {
          const fields = { socket_id: socket, channel_name: 'presence-a', user_id, ...(name && { name }) };
          const { status, body } = await ask(fields, { json });
          assert.equal(status, 200);
          assert.deepEqual(body, official.authorizeChannel(socket, 'presence-a', { user_id, ...(name && { user_info: { name } }) }));
        }
      });

      test(`users who sign in, asked with a ${kind}`, async () => {
        for (const [id, name] of [
          ['12345', undefined],
          ['ann', 'Ann <&> 😀'],
        ]) {
          const fields = { socket_id: socket, user_id: id, ...(name && { name }) };
          const { status, body } = await ask(fields, { json });
          assert.equal(status, 200);
          assert.deepEqual(body, official.authenticateUser(socket, { id, ...(name && { user_info: { name } }) }));
        }
      });
    }

    test('text that the two may write differently', async () => {
      // The same JSON can be written in several ways; then the content and
      // the signature of what was written are what has to agree.
      const name = 'line\u2028separator \u007f \u0001 \u0000 /';
      const { body } = await ask({ socket_id: socket, channel_name: 'presence-a', user_id: 'ann', name });
      assert.deepEqual(JSON.parse(body.channel_data), { user_id: 'ann', user_info: { name } });
      assert.equal(body.auth, sign(`${socket}:presence-a:${body.channel_data}`));
      const user = (await ask({ socket_id: socket, user_id: 'ann', name })).body;
      assert.deepEqual(JSON.parse(user.user_data), { id: 'ann', user_info: { name } });
      assert.equal(user.auth, sign(`${socket}::user::${user.user_data}`));
    });

    test('a watchlist', async () => {
      const { body } = await ask({ socket_id: socket, user_id: 'ann', watch: ['bob', 'cy'] });
      assert.deepEqual(body, official.authenticateUser(socket, { id: 'ann', watchlist: ['bob', 'cy'] }));
    });

    test('encrypted channels', async () => {
      for (const channel of ['private-encrypted-a', 'private-encrypted-cache-a']) {
        const { status, body } = await ask({ socket_id: socket, channel_name: channel });
        assert.equal(status, 200);
        assert.deepEqual(body, official.authorizeChannel(socket, channel));
      }
    });

    test('refusals', async () => {
      assert.equal((await ask({ socket_id: socket, channel_name: 'private-forbidden' })).status, 403);
      assert.equal((await ask({ socket_id: 'nonsense', channel_name: 'private-a' })).status, 400);
      assert.equal((await ask({ socket_id: socket, channel_name: 'private a' })).status, 400);
      assert.equal((await ask({ channel_name: 'private-a' })).status, 400);
    });
  });

  suite('our broker takes the tokens of the official library', () => {
    test('from pusher-js', async (t) => {
      const data = (channel) => (channel.startsWith('presence-') ? { user_id: 'ann', user_info: { name: 'Ann 😀', tags: ['a', { b: null }] } } : undefined);
      const js = new JSClient(t, broker, { authorize: (id, channel) => official.authorizeChannel(id, channel, data(channel)) });
      await js.subscribe('private-official', 'e');
      await js.subscribe('presence-official', 'e');
      assert.deepEqual(js.pusher.channel('presence-official').members.me, { id: 'ann', info: { name: 'Ann 😀', tags: ['a', { b: null }] } });
      await official.trigger(['private-official', 'presence-official'], 'e', 'x');
      for (const channel of ['private-official', 'presence-official']) {
        assert.equal((await js.event(channel, 'e')).data, 'x');
        assert.equal(js.published(channel).length, 1);
      }
    });

    test('with a user id that is a number', async (t) => {
      const js = new JSClient(t, broker, { authorize: (id, channel) => official.authorizeChannel(id, channel, { user_id: 10, user_info: { n: 1 } }) });
      const watcher = new GoClient(t, broker, { auth, user: 'cy' });
      await watcher.subscribe('presence-number');
      await js.subscribe('presence-number');
      assert.deepEqual(js.pusher.channel('presence-number').members.me, { id: 10, info: { n: 1 } });
      assert.deepEqual((await watcher.event('presence-number', 'pusher:member_added')).data, { id: '10', info: { n: 1 } });
      const { users } = await (await official.get({ path: '/channels/presence-number/users' })).json();
      assert.deepEqual(users.map((user) => user.id).sort(), ['10', 'cy']);
    });

    test('from the Go client, which asks an endpoint of the official library', async (t) => {
      const asked = [];
      const endpoint = createServer(async (request, response) => {
        let text = '';
        for await (const part of request) text += part;
        const fields = new URLSearchParams(text);
        const channel = fields.get('channel_name');
        asked.push({ method: request.method, type: request.headers['content-type'], channel, socket: fields.get('socket_id') });
        const data = channel.startsWith('presence-') ? { user_id: request.headers['x-user'], user_info: { name: 'Cy 😀' } } : undefined;
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(official.authorizeChannel(fields.get('socket_id'), channel, data)));
      });
      await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
      t.after(() => {
        endpoint.close();
        endpoint.closeAllConnections();
      });
      const go = new GoClient(t, broker, { auth: `http://127.0.0.1:${endpoint.address().port}/`, user: 'cy' });
      const id = await go.connected();
      await go.subscribe('private-official');
      await go.subscribe('presence-official');
      const type = 'application/x-www-form-urlencoded';
      assert.deepEqual(asked, [
        { method: 'POST', type, channel: 'private-official', socket: id },
        { method: 'POST', type, channel: 'presence-official', socket: id },
      ]);
      assert.deepEqual(await go.members('presence-official'), { command: 'members', me: 'cy', members: [{ id: 'cy', info: { name: 'Cy 😀' } }] });
      await official.trigger('private-official', 'e', 'x');
      assert.equal((await go.event('private-official', 'e')).data, 'x');
    });

    test('but not those for another connection, channel or member', async (t) => {
      const ann = { user_id: 'ann' };
      for (const [channel, authorize] of [
        ['private-x', (id, name) => official.authorizeChannel('1.1', name)],
        ['private-x', (id) => official.authorizeChannel(id, 'private-y')],
        ['presence-x', (id, name) => official.authorizeChannel('1.1', name, ann)],
        ['presence-x', (id, name) => ({ ...official.authorizeChannel(id, name, ann), channel_data: '{"user_id":"bob"}' })],
        ['presence-x', (id, name) => ({ ...official.authorizeChannel(id, name), channel_data: '{"user_id":"bob"}' })],
      ]) {
        const js = new JSClient(t, broker, { authorize });
        js.join(channel);
        const { data } = await js.event(channel, 'pusher:subscription_error');
        assert.equal(data.type, 'AuthError');
        assert.equal(data.status, 401);
        assert.equal(js.own(channel, 'pusher:subscription_succeeded').length, 0);
      }
      const { occupied } = await (await official.get({ path: '/channels/private-x' })).json();
      assert.equal(occupied, false);
      assert.deepEqual(await (await official.get({ path: '/channels/presence-x/users' })).json(), { users: [] });
    });
  });
});
