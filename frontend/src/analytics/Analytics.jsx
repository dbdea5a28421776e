import { Heading } from "../components/Heading.jsx";
import { NoRole } from "../components/NoRole.jsx";
import { useAddress } from "../components/useAddress.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { Dashboard } from "./Dashboard.jsx";
import { SessionList } from "./SessionList.jsx";
import { hasAnalytics } from "./place.js";
import "../components/lists.css";
import "./styles/page.css";
import "./styles/shown.css";
import "./styles/tiles.css";
import "./styles/panels.css";
import "./styles/plots.css";
import "./styles/tables.css";
import "./styles/list.css";
import "./styles/paper.css";

/** Everything below /analytics. */
export function Analytics() {
  const { user } = useAuth();
  const address = useAddress();
  if (!hasAnalytics(user)) return <NoRole title="These numbers are for analysts" role="analyst" what="session analytics" />;
  if (address.path.replace(/\/$/, "") === "/analytics/sessions") return <SessionList {...address} />;
  return (
    <>
      <Heading>Session analytics</Heading>
      <Dashboard {...address} />
    </>
  );
}
