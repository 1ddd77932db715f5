// The peers of the tests: Thimble's broker, client and authorization endpoint,
// and the official JavaScript client and server library.

import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import PusherJS from 'pusher-js';
import PusherServer from 'pusher';
import { app } from './app.js';
import { Inbox } from './inbox.js';
import { Process, listening } from './process.js';

const built = (name) => fileURLToPath(new URL(`../build/${name}`, import.meta.url));
const thimble = process.env.THIMBLE || built('thimble');
const interopPeer = process.env.THIMBLE_PEER || built('interop-peer');

export { app };

/** Any 32 bytes, for encrypted channels. */
export const masterKey = Buffer.alloc(32, 7).toString('base64');

// Whatever starts something takes the context of a test, or what duringSuite
// returns: with its end that something ends.

/** Stands for a suite, whose hooks have no context. Call it in its function. */
export function duringSuite() {
  const ends = [];
  after(() => Promise.all(ends.map((end) => end())));
  return { after: (end) => ends.push(end) };
}

/** Starts a broker, with the credentials of thimble serve --dev unless it is told otherwise. */
export async function startBroker(t, address = '127.0.0.1:0', settings = ['--dev']) {
  const broker = new Process('broker', thimble, ['serve', ...settings, '--json', '--addr', address]);
  t.after(() => broker.stop());
  broker.address = await listening(broker);
  broker.port = Number(broker.address.split(':')[1]);
  return broker;
}

/** Starts an authorization endpoint: its URL. */
export async function startEndpoint(t, { secret = app.secret } = {}) {
  const server = new Process('endpoint', interopPeer, ['authserver', '-key', app.key, '-secret', secret, '-master-key', masterKey]);
  t.after(() => server.stop());
  return `http://${await listening(server)}/pusher/auth`;
}

/** Makes a certificate for 127.0.0.1, and the authority that has signed it: their files. */
export async function makeCertificate(directory) {
  const maker = new Process('certificate', interopPeer, ['certificate', '-to', directory]);
  const { data } = await maker.lines.take((l) => l.event === 'certificate', 'certificate');
  await maker.exit();
  return data;
}

/** Thimble's client in a process of its own. */
export class GoClient {
  #process;

  constructor(t, broker, { auth = '', user = '', key = app.key } = {}) {
    this.#process = new Process(`Go client ${user}`, interopPeer, ['client', '-host', broker.address, '-key', key, '-auth', auth, '-user', user]);
    t.after(() => this.#process.stop());
    /** Its lines: events of channels, changes of state, answers to commands. */
    this.inbox = this.#process.lines;
  }

  /** Waits for a connection: its socket id. */
  async connected(milliseconds) {
    const line = await this.inbox.take((l) => l.event === 'state_change' && l.data.current === 'connected', 'connection', milliseconds);
    return line.data.socket_id;
  }

  /** Sends a command and waits for the answer, which may be an error. */
  async command(command) {
    this.#process.send(command);
    return this.inbox.take((l) => l.event === 'done' && l.data.command === command.command, `answer to ${command.command}`);
  }

  async subscribe(channel) {
    await this.command({ command: 'subscribe', channel });
    await this.event(channel, 'pusher:subscription_succeeded');
  }

  /** Waits for an event of a channel. */
  event(channel, name, milliseconds) {
    return this.inbox.take((l) => l.event === name && l.channel === channel, `${name} on ${channel}`, milliseconds);
  }

  /** All events of a channel so far that are not the library's own. */
  published(channel) {
    return this.inbox.all.filter((l) => l.channel === channel && l.event !== 'done' && !l.event.startsWith('pusher:'));
  }

  async members(channel) {
    return (await this.command({ command: 'members', channel })).data;
  }

  /** Ends it in order: its exit. */
  quit() {
    this.#process.send({ command: 'quit' });
    return this.#process.exit();
  }

  exit() {
    return this.#process.exit();
  }
}

/** A client of pusher-js, with an inbox of what it sees. */
export class JSClient {
  /**
   * Its events: {event, channel, data, user_id} for those of channels,
   * {state} for changes of the connection, {error} for its errors.
   */
  inbox;

  constructor(t, broker, { key = app.key, auth = 'http://127.0.0.1:1/', params, headers, authorize, ...options } = {}) {
    const user = headers?.['X-User'] ?? params?.user_id ?? '';
    this.inbox = new Inbox(`pusher-js ${user}`);
    const channelAuthorization = { endpoint: auth, transport: 'ajax', params, headers };
    if (authorize) {
      channelAuthorization.customHandler = ({ socketId, channelName }, callback) => callback(null, authorize(socketId, channelName));
    }
    this.pusher = new PusherJS(key, {
      cluster: 'local',
      wsHost: '127.0.0.1',
      wsPort: broker.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization,
      ...options,
    });
    t.after(() => this.pusher.disconnect());
    /** The messages as they came over the connection, and when they did. */
    this.messages = new Inbox(`connection of pusher-js ${user}`);
    const { connection } = this.pusher;
    connection.bind('message', (message) => this.messages.put(message));
    connection.bind('state_change', ({ current }) => this.inbox.put({ state: current, socket_id: connection.socket_id }));
    connection.bind('error', (error) => this.inbox.put({ error }));
  }

  get socketId() {
    return this.pusher.connection.socket_id;
  }

  /** Waits for a connection: its socket id. */
  async connected(milliseconds) {
    return (await this.inbox.take((item) => item.state === 'connected', 'connection', milliseconds)).socket_id;
  }

  /**
   * Subscribes without waiting. The named events and the library's own go into
   * the inbox with their metadata.
   */
  join(channel, ...events) {
    const joined = this.pusher.subscribe(channel);
    const own = ['pusher:subscription_succeeded', 'pusher:subscription_error', 'pusher:member_added', 'pusher:member_removed'];
    for (const event of [...own, ...events]) {
      joined.bind(event, (data, metadata) => this.inbox.put({ event, channel, data, user_id: metadata?.user_id }));
    }
    return joined;
  }

  /** Subscribes and waits for the confirmation: the channel. */
  async subscribe(channel, ...events) {
    const joined = this.join(channel, ...events);
    await this.event(channel, 'pusher:subscription_succeeded');
    return joined;
  }

  /** Waits for an event of a channel. */
  event(channel, name, milliseconds) {
    return this.inbox.take((item) => item.event === name && item.channel === channel, `${name} on ${channel}`, milliseconds);
  }

  /** All events of a channel that came over the connection, the library's own left out. */
  published(channel) {
    return this.messages.all.filter((m) => m.channel === channel && !m.event.startsWith('pusher'));
  }

  /** All library's own events of a channel with that name. */
  own(channel, name) {
    return this.inbox.all.filter((item) => item.channel === channel && item.event === name);
  }

  /** Changes of state, but for the first: it is connecting from the beginning. */
  states() {
    return this.inbox.all.filter((item) => item.state).map((item) => item.state);
  }
}

/** The official server library. */
export function serverLibrary(broker, options = {}) {
  return new PusherServer({
    appId: app.id,
    key: app.key,
    secret: app.secret,
    host: '127.0.0.1',
    port: broker.port,
    useTLS: false,
    timeout: 5000,
    encryptionMasterKeyBase64: masterKey,
    ...options,
  });
}
