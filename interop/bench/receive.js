// pusher-js as one of the contenders of server/internal/clientbench: it counts
// events for a while and prints what that took.
//
//   node receive.js HOST:PORT KEY CHANNEL EVENT WARM-MS SPAN-MS

import { readFileSync } from 'node:fs';
import Pusher from 'pusher-js';

const [address, key, channel, event, warm, span] = process.argv.slice(2);
const [host, port] = address.split(':');

const pusher = new Pusher(key, {
  cluster: 'none',
  wsHost: host,
  wsPort: Number(port),
  forceTLS: false,
  enabledTransports: ['ws'],
  enableStats: false,
});

const { version } = JSON.parse(readFileSync(new URL('../node_modules/pusher-js/package.json', import.meta.url)));

// Looking at the clock for each event would be measured too.
const lookEach = 1024;
let events = 0;
let began;
let open;

pusher.subscribe(channel).bind(event, () => {
  events++;
  if (events % lookEach === 0) look();
});

function look() {
  const now = performance.now();
  began ??= now;
  if (!open && now - began >= Number(warm)) {
    open = { events, now: performance.now(), cpu: process.cpuUsage() };
  } else if (open && now - open.now >= Number(span)) {
    const cpu = process.cpuUsage(open.cpu);
    console.log(JSON.stringify({
      version: `${version} Node ${process.version}`,
      events: events - open.events,
      seconds: (now - open.now) / 1000,
      cpu: (cpu.user + cpu.system) / 1e6,
    }));
    process.exit(0);
  }
}
