// Both official libraries over TLS, in a process of its own: Node takes the
// authorities that it trusts beside its own from NODE_EXTRA_CA_CERTS, which it
// reads when it starts. The argument is the port; what happens goes to the
// standard output, a line of JSON each.

import PusherJS from 'pusher-js';
import PusherServer from 'pusher';
import { app } from '../app.js';

const port = Number(process.argv[2]);
const report = (line) => process.stdout.write(JSON.stringify(line) + '\n');

const server = new PusherServer({ appId: app.id, key: app.key, secret: app.secret, host: '127.0.0.1', port, useTLS: true, timeout: 5000 });
const client = new PusherJS(app.key, { cluster: 'local', wsHost: '127.0.0.1', wssPort: port, forceTLS: true, enabledTransports: ['ws', 'wss'] });
client.connection.bind('connected', () => report({ event: 'connected' }));
const channel = client.subscribe('news');
channel.bind('headline', (data) => {
  report({ event: 'headline', data });
  client.disconnect();
});
try {
  await server.get({ path: '/channels' });
  report({ event: 'answered' });
  if (!channel.subscribed) await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
  await server.trigger('news', 'headline', 'sealed on its way');
} catch (error) {
  report({ event: 'error', data: error.error?.code ?? error.message });
  client.disconnect();
}
