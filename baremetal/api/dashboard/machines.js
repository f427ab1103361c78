// What is known of all machines: read once, page by page, and kept true by events.

const FIELDS =
  "uuid,name,provision_state,power_state,maintenance,fault,driver,resource_class,provision_updated_at";
const PAGE = 1000;
/** More of them would make a page of this kind slow. */
export const MOST = 30_000;

export class Machines {
  constructor(api) {
    this.api = api;
    this.byUuid = new Map();
    this.names = new Map();
    this.known = false;
    this.reading = null;
    // What a reading has found so far.
    this.coming = new Map();
    this.readAt = 0;
    this.doubtedAt = 0;
  }

  /** Something may have been missed: whoever shows them should read anew. */
  doubt() {
    this.doubtedAt = Date.now();
    this.readAt = 0;
  }

  /** Read all; `onPage` is called as they come in. Those who ask meanwhile wait for the same. */
  read(onPage = () => {}) {
    this.reading ??= this.#read(onPage).finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  async #read(onPage) {
    const begun = Date.now();
    const found = (this.coming = new Map());
    let query = { fields: FIELDS, limit: PAGE };
    let following = null;
    do {
      const page = await this.api.get("/v1/nodes", query);
      for (const node of page.nodes) {
        found.set(node.uuid, node);
        this.names.set(node.uuid, node.name);
        // Shown at the first reading; later on the old ones stay until all is new.
        if (!this.known) this.byUuid.set(node.uuid, node);
      }
      following = page.next ? new URL(page.next).searchParams : null;
      query = following && Object.fromEntries(following);
      onPage();
    } while (following && found.size < MOST);
    this.byUuid = found;
    this.known = true;
    this.readAt = this.doubtedAt < begun ? begun : 0;
    onPage();
  }

  /** Let an event change what is known, and what is being read. */
  hear({ type, data }) {
    const uuid = data.node_uuid;
    if (data.name) this.names.set(uuid, data.name);
    if (type === "node.created" && this.known) this.#look(uuid);
    for (const nodes of [this.byUuid, this.coming]) {
      const node = nodes.get(uuid);
      if (type === "node.deleted") {
        nodes.delete(uuid);
      } else if (node && type === "node.provision_state") {
        node.provision_state = data.to;
        node.provision_updated_at = data.at;
      } else if (node && type === "node.power_state") {
        node.power_state = data.to;
      }
    }
  }

  async #look(uuid) {
    const node = await this.api.find(`/v1/nodes/${uuid}`, { fields: FIELDS }).catch(() => null);
    if (node && this.byUuid.size < MOST) this.byUuid.set(uuid, node);
  }

  /** Find out the names of some nodes, unless they are known. */
  async name(uuids) {
    const unknown = [...new Set(uuids)].filter((uuid) => uuid && !this.names.has(uuid));
    await Promise.all(
      unknown.map(async (uuid) => {
        const node = await this.api.find(`/v1/nodes/${uuid}`, { fields: "uuid,name" });
        // A node that is gone has its uuid alone.
        this.names.set(uuid, node?.name ?? null);
      }),
    );
  }

  called(uuid) {
    return { uuid, name: this.names.get(uuid) ?? null };
  }

  /** What an operation is about: a machine, or something else, which has no page here. */
  subject({ node_uuid, resource_type, resource_uuid }) {
    if (node_uuid) return this.called(node_uuid);
    return { uuid: resource_uuid, name: `${resource_type} ${resource_uuid.slice(0, 8)}`, elsewhere: true };
  }
}
