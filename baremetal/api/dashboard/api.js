// The REST API, asked with the credentials of whoever looks.

const KEPT = "baremetal.session";
const PATIENCE = 30_000;

export class ApiError extends Error {
  constructor(status, message, challenge = null) {
    super(message);
    this.status = status;
    this.challenge = challenge;
  }
}

/** The service did not answer at all. */
export class Unreachable extends Error {}

/** Base64 of a text's UTF-8, as HTTP basic authentication has it. */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

async function complaint(response) {
  const text = await response.text().catch(() => "");
  try {
    const said = JSON.parse(text).error_message ?? JSON.parse(text);
    const fault = typeof said === "string" ? JSON.parse(said) : said;
    return fault.faultstring ?? fault.message ?? fault.title ?? text;
  } catch {
    return text.slice(0, 500) || `The service answered ${response.status}.`;
  }
}

export class Api {
  /** `root` is the URL of the API without a slash at its end. */
  constructor(root) {
    this.root = root;
    // Gone when the tab is closed; never part of a URL.
    this.session = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  }

  get user() {
    return this.session?.name ?? null;
  }

  signIn(session) {
    this.session = session;
    sessionStorage.setItem(KEPT, JSON.stringify(session));
  }

  signOut() {
    this.session = null;
    sessionStorage.removeItem(KEPT);
  }

  static byPassword(name, password) {
    return { name, headers: { Authorization: `Basic ${base64(`${name}:${password}`)}` } };
  }

  static byToken(token) {
    return { name: "token", headers: { "X-Auth-Token": token } };
  }

  /** The answer to a GET, its body still to be read. */
  async open(path, headers = {}, signal = AbortSignal.timeout(PATIENCE)) {
    let response;
    try {
      response = await fetch(this.root + path, {
        // Otherwise browsers put a form of their own before the page.
        credentials: "omit",
        cache: "no-store",
        headers: { "X-OpenStack-Ironic-API-Version": "latest", ...this.session?.headers, ...headers },
        signal,
      });
    } catch (error) {
      throw new Unreachable(`The service does not answer (${error.message}).`, { cause: error });
    }
    if (!response.ok) {
      throw new ApiError(response.status, await complaint(response), response.headers.get("WWW-Authenticate"));
    }
    return response;
  }

  /** The document at a path. */
  async get(path, query = {}) {
    const text = new URLSearchParams(query).toString();
    const response = await this.open(text ? `${path}?${text}` : path);
    try {
      return await response.json();
    } catch (error) {
      throw new Unreachable(`The answer broke off (${error.message}).`, { cause: error });
    }
  }

  /** The document at a path, or `otherwise` where there is none or it is not for us to see. */
  async find(path, query = {}, otherwise = null) {
    try {
      return await this.get(path, query);
    } catch (error) {
      if (error instanceof ApiError && [403, 404, 406].includes(error.status)) return otherwise;
      throw error;
    }
  }
}
