import { Heading } from "../components/Heading.jsx";
import { useAuth } from "../contexts/AuthContext.jsx";
import "./analytics.css";
import { Dashboard } from "./Dashboard.jsx";
import { NoRole } from "./NoRole.jsx";
import { SessionList } from "./SessionList.jsx";
import { hasAnalytics } from "./place.js";
import { useAddress } from "./useAddress.js";

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
