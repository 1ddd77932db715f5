// Processes that tests start and stop. Each is stopped through its own handle,
// at the latest when the test process ends.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Inbox, deadline } from './inbox.js';

const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// Without these a signal would end the process past its exit handlers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(1));
}

export class Process {
  /** The lines of its standard output, which are JSON. */
  lines;

  #child;
  #exit;

  constructor(name, path, args, env = {}) {
    this.lines = new Inbox(name);
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    running.add(child);

    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-2000);
    });
    child.stdin.on('error', () => {}); // it has ended: the inbox says so
    createInterface({ input: child.stdout }).on('line', (text) => this.lines.put(JSON.parse(text)));
    this.#exit = new Promise((resolve) => {
      child.on('error', (error) => {
        running.delete(child);
        this.lines.end(`it could not be started: ${error.message}`);
        resolve({ code: null, signal: null, errors: error.message });
      });
      child.on('close', (code, signal) => {
        running.delete(child);
        this.lines.end(`it ended with ${signal ?? code}: ${errors}`);
        resolve({ code, signal, errors });
      });
    });
  }

  /** Writes a line of JSON to its standard input. */
  send(value) {
    this.#child.stdin.write(JSON.stringify(value) + '\n');
  }

  /** Waits for its end: the exit code or signal, and its standard error. */
  async exit() {
    let timer;
    const late = new Promise((_, reject) => {
      const error = new Error(`${this.lines.name} has not ended within ${deadline} ms`);
      timer = setTimeout(() => reject(error), deadline);
    });
    try {
      return await Promise.race([this.#exit, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it, in order unless the signal says otherwise, and waits. */
  async stop(signal = 'SIGTERM') {
    this.#child.kill(signal);
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    const end = await this.#exit;
    clearTimeout(hard);
    return end;
  }
}

/** Waits until a server says where it listens: its host:port. */
export async function listening(server) {
  const line = await server.lines.take((l) => l.event === 'listening', 'line "listening"');
  return line.data.address;
}
