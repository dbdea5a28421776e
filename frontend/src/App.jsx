import { Announcer } from "./components/Announcer.jsx";
import { Login } from "./components/Login.jsx";
import { Masthead } from "./components/Masthead.jsx";
import { Trouble } from "./components/Trouble.jsx";
import { useAuth } from "./contexts/AuthContext.jsx";
import { Overview } from "./pages/Overview.jsx";
import { Security } from "./pages/Security.jsx";
import { Sessions } from "./pages/Sessions.jsx";
import { useRoute } from "./components/useRoute.js";

/** A page of yours is one more line here: it shows in the menu, and only to people signed in. */
const PAGES = [
  { path: "/", title: "Overview", Page: Overview },
  { path: "/sessions", title: "Devices", Page: Sessions },
  { path: "/security", title: "Security", Page: Security },
];

export function App() {
  const { isAuthenticated, isLoading, user } = useAuth();
  const route = useRoute();
  const { Page, path } = PAGES.find((each) => each.path === route) ?? /** @type {(typeof PAGES)[0]} */ (PAGES[0]);
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>Skip to content</a>
      <Masthead pages={isAuthenticated ? PAGES : []} current={path} />
      <main id="main" tabIndex={-1}>
        {isLoading && <p className="loading" role="status">Loading…</p>}
        {!isLoading && !isAuthenticated && <Login />}
        {isAuthenticated && (
          <>
            <Trouble />
            <Page key={`${path} ${user?.id}`} />
          </>
        )}
      </main>
      <footer className="foot">Inphora · a demonstration of the sign-in service. No loan is offered here.</footer>
      <Announcer />
    </>
  );
}

/** The address after # is the route, so the link must not become one. @param {import("react").MouseEvent} event */
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
