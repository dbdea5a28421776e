import { Suspense, lazy, useEffect, useState } from "react";

import { isAccountScreen } from "./account/place.js";
import { ADMIN, hasAdmin, isAdminPage } from "./admin/place.js";
import { ANALYTICS, hasAnalytics, isAnalyticsPage } from "./analytics/place.js";
import { Announcer } from "./components/Announcer.jsx";
import { Farewell } from "./components/Farewell.jsx";
import { Login } from "./components/Login.jsx";
import { Masthead } from "./components/Masthead.jsx";
import { StepUp } from "./components/StepUp.jsx";
import { Trouble } from "./components/Trouble.jsx";
import { useAuth } from "./contexts/AuthContext.jsx";
import { Overview } from "./pages/Overview.jsx";
import { Sessions } from "./pages/Sessions.jsx";
import { YourData } from "./pages/YourData.jsx";
import { useAddress } from "./components/useAddress.js";
import { useRoute } from "./components/useRoute.js";

/**
 * @typedef {import("./components/DeleteAccount.jsx").Erasure} Erasure
 * @typedef {{ leave: (erasure: Erasure) => void }} PageProps `leave`: the account goes; what the person is told then
 */

/**
 * What is in a file of its own, fetched when it is first shown.
 * @param {() => Promise<any>} load @param {string} name @returns {import("react").ComponentType<any>}
 */
const later = (load, name) => lazy(() => load().then((module) => ({ default: module[name] })));

const loadAccount = () => import("./account/Account.jsx");
const loadAdmin = () => import("./admin/Admin.jsx");
const loadAnalytics = () => import("./analytics/Analytics.jsx");
const Account = later(loadAccount, "Account");
const Security = later(loadAccount, "Security");
const Admin = later(loadAdmin, "Admin");
const Analytics = later(loadAnalytics, "Analytics");

/**
 * A page of yours is one more line here: it shows in the menu, and only to people signed in.
 * @type {{ path: string, title: string, Page: import("react").ComponentType<PageProps> }[]}
 */
const PAGES = [
  { path: "/", title: "Overview", Page: Overview },
  { path: "/sessions", title: "Devices", Page: Sessions },
  { path: "/security", title: "Security", Page: Security },
  { path: "/data", title: "Your data", Page: YourData },
];

const WAITING = <p className="loading" role="status">Loading…</p>;

// Fetched while it is still being found out who is signed in.
const { pathname = "/" } = globalThis.location ?? {};
if (isAnalyticsPage(pathname)) loadAnalytics();
if (isAdminPage(pathname)) loadAdmin();
if (isAccountScreen(pathname)) loadAccount();

export function App() {
  const { isAuthenticated, isLoading, user } = useAuth();
  const [erasure, leave] = useState(/** @type {Erasure | null} */ (null));
  const { path: place } = useAddress();
  const route = useRoute();
  useEffect(() => {
    if (isAuthenticated) leave(null); // somebody signed in since, in another tab
  }, [isAuthenticated]);
  const [isAccount, isAdmin, isAnalytics] = [isAccountScreen(place), isAdminPage(place), isAnalyticsPage(place)];
  const { Page, path } = PAGES.find((each) => each.path === route) ?? /** @type {(typeof PAGES)[0]} */ (PAGES[0]);
  const isWide = isAuthenticated && (isAdmin || isAnalytics);

  /** Of somebody signed in. */
  function page() {
    if (isAdmin) return <Admin key={user?.id} />;
    if (isAnalytics) return <Analytics key={user?.id} />;
    return <Page key={`${path} ${user?.id}`} leave={leave} />;
  }

  /** Of somebody who is not. */
  const entrance = () => (erasure ? <Farewell erasure={erasure} done={() => leave(null)} /> : <Login />);

  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>Skip to content</a>
      <Masthead pages={isAuthenticated ? linksFor(user) : []} current={isAdmin ? ADMIN.href : isAnalytics ? ANALYTICS.href : isAccount ? "" : `/#${path}`} />
      <main id="main" tabIndex={-1} className={isWide ? "wide" : undefined}>
        {isAuthenticated && <Trouble />}
        <Suspense fallback={WAITING}>
          {isLoading ? WAITING : isAccount ? <Account key={place} path={place} /> : isAuthenticated ? page() : entrance()}
        </Suspense>
      </main>
      <footer className="foot">Inphora · a demonstration of the sign-in service. No loan is offered here.</footer>
      {isAuthenticated && <StepUp key={user?.id} />}
      <Announcer />
    </>
  );
}

/** The menu of somebody. @param {import("./services/authService.js").AuthState["user"]} user */
function linksFor(user) {
  return [...PAGES.map(({ path, title }) => ({ href: `/#${path}`, title })), ...(hasAnalytics(user) ? [ANALYTICS] : []), ...(hasAdmin(user) ? [ADMIN] : [])];
}

/** The address after # is the route, so the link must not become one. @param {import("react").MouseEvent} event */
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
