import { Card } from "../components/Card.jsx";
import { Heading } from "../components/Heading.jsx";
import { stepUp } from "../step-up/step-up.js";
import { Passkeys } from "./Passkeys.jsx";
import { Password } from "./Password.jsx";
import { Profile } from "./Profile.jsx";
import { TrustedDevices } from "./TrustedDevices.jsx";
import { TwoFactor } from "./TwoFactor.jsx";

/** Everything by which one signs in, and what one is called. */
export function Security() {
  return (
    <>
      <Heading>Account security</Heading>
      <div className="columns">
        <div className="column">
          <Card id="two-factor" title="Two-factor sign-in">
            <TwoFactor />
          </Card>
          <Card id="passkeys" title="Passkeys">
            <Passkeys withStepUp={(run) => stepUp.within(run)()} />
          </Card>
          <TrustedDevices />
        </div>
        <div className="column">
          <Card id="password" title="Password">
            <Password />
          </Card>
          <Card id="who" title="Name and e-mail">
            <Profile />
          </Card>
          <Card id="tips" title="Good to know">
            <ul className="tips">
              <li>We never ask for your password or a code by phone or e-mail.</li>
              <li>On a shared computer, sign out before you leave: it signs out every tab at once.</li>
              <li>Something looks odd? <a href="#/sessions">See where you are signed in</a>.</li>
            </ul>
          </Card>
        </div>
      </div>
    </>
  );
}
