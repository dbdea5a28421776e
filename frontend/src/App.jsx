import { Suspense, lazy, useEffect, useState } from "react";

import { ANALYTICS, hasAnalytics, isAnalyticsPage } from "./analytics/place.js";
import { Announcer } from "./components/Announcer.jsx";
import { Farewell } from "./components/Farewell.jsx";
import { Login } from "./components/Login.jsx";
import { Masthead } from "./components/Masthead.jsx";
import { Trouble } from "./components/Trouble.jsx";
import { useAuth } from "./contexts/AuthContext.jsx";
import { Overview } from "./pages/Overview.jsx";
import { Security } from "./pages/Security.jsx";
import { Sessions } from "./pages/Sessions.jsx";
import { YourData } from "./pages/YourData.jsx";
import { useRoute } from "./components/useRoute.js";

/**
 * @typedef {import("./components/DeleteAccount.jsx").Erasure} Erasure
 * @typedef {{ leave: (erasure: Erasure) => void }} PageProps `leave`: the account goes; what the person is told then
 */

/**
 * A page of yours is one more line here: it shows in the menu, and only to people signed in.
 * @type {{ path: string, title: string, Page: (props: PageProps) => import("react").ReactNode }[]}
 */
const PAGES = [
  { path: "/", title: "Overview", Page: Overview },
  { path: "/sessions", title: "Devices", Page: Sessions },
  { path: "/security", title: "Security", Page: Security },
  { path: "/data", title: "Your data", Page: YourData },
];

const loadAnalytics = () => import("./analytics/Analytics.jsx");
const Analytics = lazy(() => loadAnalytics().then((module) => ({ default: module.Analytics })));
// Fetched while it is still being found out who is signed in.
if (isAnalyticsPage()) loadAnalytics();

export function App() {
  const { isAuthenticated, isLoading, user } = useAuth();
  const [erasure, leave] = useState(/** @type {Erasure | null} */ (null));
  const route = useRoute();
  useEffect(() => {
    if (isAuthenticated) leave(null); // somebody signed in since, in another tab
  }, [isAuthenticated]);
  const isAnalytics = isAnalyticsPage();
  const { Page, path } = PAGES.find((each) => each.path === route) ?? /** @type {(typeof PAGES)[0]} */ (PAGES[0]);
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>Skip to content</a>
      <Masthead pages={isAuthenticated ? linksFor(user) : []} current={isAnalytics ? ANALYTICS.href : `/#${path}`} />
      <main id="main" tabIndex={-1} className={isAnalytics && isAuthenticated ? "wide" : undefined}>
        {isLoading && <p className="loading" role="status">Loading…</p>}
        {!isLoading && !isAuthenticated && (erasure ? <Farewell erasure={erasure} done={() => leave(null)} /> : <Login />)}
        {isAuthenticated && (
          <>
            <Trouble />
            {isAnalytics ? (
              <Suspense fallback={<p className="loading" role="status">Loading…</p>}>
                <Analytics key={user?.id} />
              </Suspense>
            ) : (
              <Page key={`${path} ${user?.id}`} leave={leave} />
            )}
          </>
        )}
      </main>
      <footer className="foot">Inphora · a demonstration of the sign-in service. No loan is offered here.</footer>
      <Announcer />
    </>
  );
}

/** The menu of somebody. @param {import("./services/authService.js").AuthState["user"]} user */
function linksFor(user) {
  return [...PAGES.map(({ path, title }) => ({ href: `/#${path}`, title })), ...(hasAnalytics(user) ? [ANALYTICS] : [])];
}

/** The address after # is the route, so the link must not become one. @param {import("react").MouseEvent} event */
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
