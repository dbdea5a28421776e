import { Heading } from "../components/Heading.jsx";
import { useAuth } from "../contexts/AuthContext.jsx";
import { Dashboard } from "./Dashboard.jsx";
import { NoRole } from "./NoRole.jsx";
import { SessionList } from "./SessionList.jsx";
import { hasAnalytics } from "./place.js";
import { useAddress } from "./useAddress.js";
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
  if (!hasAnalytics(user)) return <NoRole />;
  if (address.path.replace(/\/$/, "") === "/analytics/sessions") return <SessionList {...address} />;
  return (
    <>
      <Heading>Session analytics</Heading>
      <Dashboard {...address} />
    </>
  );
}
