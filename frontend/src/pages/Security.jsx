import { Card } from "../components/Card.jsx";
import { Heading } from "../components/Heading.jsx";
import { Passkeys } from "../components/Passkeys.jsx";
import { TwoFactor } from "../components/TwoFactor.jsx";

export function Security() {
  return (
    <>
      <Heading>Account security</Heading>
      <div className="columns wide-first">
        <Card id="two-factor" title="Two-factor sign-in">
          <TwoFactor />
        </Card>
        <Card id="passkeys" title="Passkeys">
          <Passkeys />
        </Card>
        <Card id="tips" title="Good to know">
          <ul className="tips">
            <li>We never ask for your password or a code by phone or e-mail.</li>
            <li>On a shared computer, sign out before you leave: it signs out every tab at once.</li>
            <li>Something looks odd? <a href="#/sessions">See where you are signed in</a>.</li>
          </ul>
        </Card>
      </div>
    </>
  );
}
