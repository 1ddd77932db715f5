// An Inbox collects what a peer sees, so that a test can wait for one thing and
// count all of them.

/** How long anything that must happen may take, in milliseconds. */
export const deadline = 8000;

export class Inbox {
  #waiting = [];
  #end = null;

  /** Everything that came, in order. */
  all = [];

  /** What is in all and has not been taken. */
  #rest = [];

  /** @param {string} name whose inbox it is, for messages */
  constructor(name) {
    this.name = name;
  }

  put(item) {
    this.all.push(item);
    this.#rest.push(item);
    this.#look();
  }

  /** Ends all waiting, now and later: nothing comes any more. */
  end(reason) {
    this.#end ??= reason;
    this.#look();
  }

  /**
   * Waits for the first item that matches and that no other call has taken.
   *
   * @param {(item: any) => boolean} matches
   * @param {string} what the test waits for, for the message
   */
  take(matches, what, milliseconds = deadline) {
    const asked = new Error(); // remembers the line of the test
    return new Promise((resolve, reject) => {
      const fail = (why) => {
        const seen = this.all.map((item) => '\n  ' + shorten(item)).join('') || ' nothing';
        asked.message = `${this.name}: no ${what}: ${why}. What came:${seen}`;
        reject(asked);
      };
      const wait = {
        matches,
        resolve: (item) => {
          clearTimeout(wait.timer);
          resolve(item);
        },
        fail: (why) => {
          clearTimeout(wait.timer);
          fail(why);
        },
      };
      wait.timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== wait);
        fail(`not within ${milliseconds} ms`);
      }, milliseconds);
      this.#waiting.push(wait);
      this.#look();
    });
  }

  #look() {
    this.#waiting = this.#waiting.filter((wait) => {
      const i = this.#rest.findIndex(wait.matches);
      if (i >= 0) {
        wait.resolve(this.#rest.splice(i, 1)[0]);
        return false;
      }
      if (this.#end !== null) {
        wait.fail(this.#end);
        return false;
      }
      return true;
    });
  }
}

function shorten(item) {
  const text = JSON.stringify(item);
  return text.length > 300 ? text.slice(0, 300) + '...' : text;
}
