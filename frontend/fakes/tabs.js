import { createCookieStorage } from "../src/auth/storage/cookie.js";
import { createMemoryStorage } from "../src/auth/storage/memory.js";
import { createAuthClient } from "../src/services/authService.js";
import { fakeService } from "./service.js";
import { fakeWorld } from "./world.js";

/**
 * A browser with tabs on one storage, and a service to sign in at.
 * @param {{ count?: number, lifetime_s?: number, cookie?: boolean, options?: import("../src/auth/types.js").AuthOptions, host?: object }} [setting]
 */
export function fakeTabs({ count = 1, lifetime_s = 900, cookie = false, options = {}, host = {} } = {}) {
  const world = fakeWorld();
  const service = fakeService({ lifetime_s, now: world.now });
  const shared = { ...createMemoryStorage(), shared: true };
  const hosts = Array.from({ length: count }, () => world.tab(service.fetch, host));
  const open = () => (cookie ? createCookieStorage(shared) : shared);
  const clients = hosts.map((each) => createAuthClient({ storage: open(), ...options }, each));
  const [first] = clients;
  return {
    world,
    service,
    shared,
    hosts,
    clients,
    first: /** @type {import("../src/auth/client.js").AuthClient} */ (first),
    statuses: () => clients.map((client) => client.getState().status),
    /** Another tab, opened now. */
    another: () => createAuthClient({ storage: open(), ...options }, world.tab(service.fetch, host)),
    /** Signs in in the first tab; the others look on. @param {string} [name] */
    async signIn(name = "ada") {
      await Promise.all(clients.map((client) => client.ready));
      await first?.login({ email: `${name}@inphora.example`, password: "right" });
      await world.advance(0);
    },
  };
}
