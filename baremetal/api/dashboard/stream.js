// The event stream, read by fetch, since an EventSource can not send credentials.
// Format: text/event-stream, WHATWG HTML 9.2

import { ApiError } from "./api.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
// Three keep-alives were missed.
const SILENCE = 45_000;
const REPLAYED = 60_000;

export class EventStream {
  /**
   * `onEvent({id, type, data})` is told of each event; `onState` of "live" when a connection
   * stands, "lost" when there is none, and "refused" when the service has no stream for us,
   * and whether nothing was missed in between.
   */
  constructor(api, onEvent, onState) {
    this.api = api;
    this.onEvent = onEvent;
    this.onState = onState;
    this.lastId = null;
    this.heardAt = 0;
    this.stopped = false;
    this.asleep = null;
    this.rise = () => {};
    this.wake = () => {};
    this.abort = null;
  }

  async run() {
    let pause = FIRST_PAUSE;
    while (!this.stopped) {
      await this.asleep;
      try {
        await this.#once(() => {
          pause = FIRST_PAUSE;
        });
        // It ended as streams do after some minutes, and goes on where it was.
        if (this.lastId === null) this.#tell("lost");
      } catch (error) {
        const refused = error instanceof ApiError && error.status !== 502;
        this.#tell(refused ? "refused" : "lost");
        if (refused) pause = LONGEST_PAUSE;
      }
      if (this.asleep || this.stopped) continue;
      await this.#rest(pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  /** Let go of the connection, of which browsers have few for each service, until `resume`. */
  suspend() {
    this.asleep ??= new Promise((resolve) => {
      this.rise = resolve;
    });
    this.abort?.abort();
    this.wake();
  }

  /** Go on; try again at once, if it rests. */
  resume() {
    this.asleep = null;
    this.rise();
    this.wake();
  }

  stop() {
    this.stopped = true;
    this.suspend();
    this.resume();
  }

  #tell(state, whole = false) {
    if (!this.stopped) this.onState(state, whole);
  }

  #rest(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #once(connected) {
    if (this.stopped) return;
    this.abort = new AbortController();
    let silence = 0;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => this.abort.abort(), SILENCE);
    };
    // What has been missed for long is read anew rather than told event by event.
    if (Date.now() - this.heardAt > REPLAYED) this.lastId = null;
    const known = this.lastId === null ? {} : { "Last-Event-ID": this.lastId };
    listen();
    try {
      const response = await this.api.open("/v1/events/stream", known, this.abort.signal);
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new Parser((event) => {
        this.lastId = event.id || this.lastId;
        if (event.data !== undefined) this.onEvent(event);
      });
      let standing = false;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        this.heardAt = Date.now();
        listen();
        if (!standing) {
          standing = true;
          connected();
          this.#tell("live", "Last-Event-ID" in known);
        }
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(silence);
    }
  }
}

/** Makes events of a stream's text, however it is cut. */
class Parser {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.fields = {};
  }

  feed(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    for (const line of lines) this.#line(line.replace(/\r$/, ""));
  }

  #line(line) {
    if (line === "") {
      const { id, event, data } = this.fields;
      this.fields = {};
      // Without data nothing happened, but the id tells where to resume.
      if (data !== undefined) this.onEvent({ id, type: event ?? "message", data: JSON.parse(data) });
      else if (id) this.onEvent({ id });
    } else if (!line.startsWith(":")) {
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      this.fields[name] = name === "data" && "data" in this.fields ? `${this.fields.data}\n${value}` : value;
    }
  }
}
