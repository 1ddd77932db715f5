import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { Inbox } from './inbox.js';
import { app, duringSuite, JSClient, serverLibrary, startBroker } from './peers.js';

/**
 * An endpoint of webhooks that the official library checks and reads: its
 * inbox has {name, channel, ...} for each event, and what is wrong.
 */
async function startHook(t, options) {
  const inbox = new Inbox('webhooks');
  const library = serverLibrary({ port: 1 }, options);
  const server = createServer(async (request, response) => {
    let rawBody = '';
    for await (const part of request.setEncoding('utf8')) rawBody += part;
    const hook = library.webhook({ headers: request.headers, rawBody });
    if (hook.isValid()) {
      assert(Math.abs(hook.getTime() - Date.now()) < 3_600_000);
      for (const event of hook.getEvents()) inbox.put({ ...event, together: hook.getEvents().length });
    } else {
      inbox.put({ name: 'invalid', rawBody, headers: request.headers });
    }
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return { inbox, url: `http://127.0.0.1:${server.address().port}/hook?of=thimble` };
}

suite('webhooks', () => {
  const shared = duringSuite();
  let directory, all, batches, forged, broker, restart;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thimble-'));
    shared.after(() => rm(directory, { recursive: true }));
    all = await startHook(shared);
    batches = await startHook(shared);
    forged = await startHook(shared, { secret: 'another-secret' });
    const config = join(directory, 'thimble.toml');
    await writeFile(config, `
webhook_queue = ${JSON.stringify(join(directory, 'queue'))}
[[apps]]
id = "${app.id}"
key = "${app.key}"
secret = "${app.secret}"
client_events = true
[[apps.webhooks]]
url = "${all.url}"
headers = { X-Own = "yes" }
[[apps.webhooks]]
url = "${batches.url}"
events = ["channel_occupied"]
channel_prefix = "batch-"
batch = true
[[apps.webhooks]]
url = "${forged.url}"
events = ["cache_miss"]
`, { mode: 0o600 });
    restart = (address) => startBroker(shared, address, ['--config', config]);
    broker = await restart();
  });

  const enter = (t, user_id) => {
    const server = serverLibrary(broker);
    return new JSClient(t, broker, { authorize: (id, channel) => server.authorizeChannel(id, channel, channel.startsWith('presence-') ? { user_id } : undefined) });
  };
  const comes = async (name, channel, milliseconds) => {
    const { together, ...event } = await all.inbox.take((e) => e.name === name && e.channel === channel, `${name} of ${channel}`, milliseconds);
    assert.equal(together, 1);
    return event;
  };

  test('the official library takes every kind of event for genuine', async (t) => {
    const ann = enter(t, 'ann');
    const bob = enter(t, 'bob');
    await ann.subscribe('presence-room');
    assert.deepEqual(await comes('channel_occupied', 'presence-room'), { name: 'channel_occupied', channel: 'presence-room' });
    assert.deepEqual(await comes('member_added', 'presence-room'), { name: 'member_added', channel: 'presence-room', user_id: 'ann' });
    await bob.subscribe('presence-room');
    assert.equal((await comes('member_added', 'presence-room')).user_id, 'bob');

    for (const data of [{ an: 'object', 'é': '"\n' }, 'text', 7]) {
      ann.pusher.channel('presence-room').trigger('client-x', data);
      assert.deepEqual(await comes('client_event', 'presence-room'), {
        name: 'client_event', channel: 'presence-room', event: 'client-x', socket_id: ann.socketId, user_id: 'ann',
        data: typeof data === 'string' ? data : JSON.stringify(data),
      });
    }

    await ann.subscribe('cache-room');
    assert.deepEqual(await comes('cache_miss', 'cache-room'), { name: 'cache_miss', channel: 'cache-room' });
    assert.deepEqual(await comes('subscription_count', 'cache-room'), { name: 'subscription_count', channel: 'cache-room', subscription_count: 1 });

    bob.pusher.disconnect();
    assert.deepEqual(await comes('member_removed', 'presence-room'), { name: 'member_removed', channel: 'presence-room', user_id: 'bob' });
    ann.pusher.disconnect();
    assert.equal((await comes('member_removed', 'presence-room')).user_id, 'ann');
    assert.deepEqual(await comes('channel_vacated', 'presence-room'), { name: 'channel_vacated', channel: 'presence-room' });
    assert(!all.inbox.all.some((e) => e.name === 'invalid'), JSON.stringify(all.inbox.all));
  });

  test('batches', async (t) => {
    const js = enter(t, 'ann');
    await js.connected();
    const names = Array.from({ length: 50 }, (_, i) => `batch-${i}`);
    for (const name of names) js.join(name);
    for (const name of names) await batches.inbox.take((e) => e.channel === name, name);
    assert(batches.inbox.all.every((e) => e.name === 'channel_occupied'));
    assert(batches.inbox.all.some((e) => e.together > 1), 'none had two events');
  });

  test('with another secret it takes none', async (t) => {
    const js = enter(t, 'ann');
    await js.subscribe('cache-forged');
    await forged.inbox.take((e) => e.name === 'invalid', 'webhook');
    assert(forged.inbox.all.every((e) => e.name === 'invalid'));
  });

  test('who was there when the broker was killed is gone after its restart', async (t) => {
    const js = enter(t, 'ghost');
    await js.subscribe('presence-crash');
    await comes('member_added', 'presence-crash');
    const { address } = broker;
    await broker.stop('SIGKILL');
    js.pusher.disconnect();
    broker = await restart(address);
    // It waits 10 seconds for those who may come back.
    assert.equal((await comes('member_removed', 'presence-crash', 20_000)).user_id, 'ghost');
    await comes('channel_vacated', 'presence-crash');
  });
});
