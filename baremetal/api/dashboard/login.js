// Who are you? A user and password, or a token, as the service wants it.

import { Api, ApiError } from "./api.js";
import { el, replace, setText } from "./dom.js";

function field(label, attributes) {
  return el("label", { class: "field" }, el("span", {}, label), el("input", { required: true, ...attributes }));
}

const FORMS = {
  password: {
    fields: () => [
      field("User", { name: "user", autocomplete: "username", autocapitalize: "none", spellcheck: "false" }),
      field("Password", { name: "password", type: "password", autocomplete: "current-password" }),
    ],
    session: (data) => Api.byPassword(data.get("user"), data.get("password")),
    hint: "The same as in clouds.yaml.",
  },
  token: {
    fields: () => [field("Token", { name: "token", type: "password", autocomplete: "off", spellcheck: "false" })],
    session: (data) => Api.byToken(data.get("token").trim()),
    hint: "Such as openstack token issue -f value -c id prints.",
  },
};

/** Show the form that `challenge` (a WWW-Authenticate header) asks for; resolves when it is right. */
export function login(api, parent, challenge) {
  const form = FORMS[/keystone/i.test(challenge ?? "") ? "token" : "password"];
  return new Promise((resolve) => {
    const wrong = el("p", { class: "error", role: "alert" });
    const button = el("button", { class: "primary" }, "Sign in");
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      setText(wrong, "");
      try {
        await attempt(api, form.session(new FormData(element)));
        resolve();
      } catch (error) {
        setText(wrong, error.status === 401 ? "That is not right. Try again." : error.message);
        element.querySelector("input[type=password]").select();
      } finally {
        button.disabled = false;
      }
    };
    const element = el(
      "form",
      { class: "card login", "aria-label": "Sign in", on: { submit } },
      el("h1", {}, "Sign in"),
      form.fields(),
      wrong,
      button,
      el("p", { class: "hint" }, form.hint),
    );
    replace(parent, element);
    element.querySelector("input").focus();
  });
}

async function attempt(api, session) {
  const before = api.session;
  api.session = session;
  try {
    await api.get("/v1/summary");
  } catch (error) {
    // Who may not see the whole may still come in.
    if (!(error instanceof ApiError && error.status === 403)) {
      api.session = before;
      throw error;
    }
  }
  api.signIn(session);
}
