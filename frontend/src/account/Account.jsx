import { useAuth } from "../contexts/AuthContext.jsx";
import { Confirm } from "./Confirm.jsx";
import { Forgot } from "./Forgot.jsx";
import { Register } from "./Register.jsx";
import { Reset } from "./Reset.jsx";
import { Screen } from "./Screen.jsx";

export { Security } from "./Security.jsx";

/** The screen of an address. @param {{ path: string }} props */
export function Account({ path }) {
  if (path === "/register") return <Register />;
  if (path === "/forgot") return <Forgot />;
  if (path === "/reset") return <Reset />;
  return path === "/verify" ? <VerifyRegistration /> : <VerifyEmail />;
}

function VerifyRegistration() {
  return (
    <Confirm
      path="/api/auth/register/verify"
      title="Confirm your address"
      says="One step is left: confirm that this address is yours, and your account is made."
      label="Confirm and create my account"
      dead={{ what: "Links to make an account are good for a day, once, and only the last one sent.", again: ["/register", "Register again"] }}
      done={({ user }) => (
        <Screen title="Your account is ready">
          <p>Sign in as {user.email} with the password you chose.</p>
        </Screen>
      )}
    />
  );
}

function VerifyEmail() {
  const { client, isAuthenticated } = useAuth();
  return (
    <Confirm
      path="/api/auth/email/verify"
      title="Confirm your new address"
      says="From then on you sign in with this address. Your other devices are signed out."
      label="Use this address"
      dead={{ what: "Links to change an address are good for a day, once, and only the last one sent.", again: ["/#/security", "Go to your account"] }}
      then={() => isAuthenticated && client.refresh().catch(() => {})} // brings the address as it is now
      done={() => (
        <Screen title="Your address is changed" links={[["/", isAuthenticated ? "Go to your account" : "Go to sign-in"]]}>
          <p>Sign in with the new address from now on. We have told the old one.</p>
        </Screen>
      )}
    />
  );
}
