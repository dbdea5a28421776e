import { Card } from "../components/Card.jsx";
import { DeleteAccount } from "../components/DeleteAccount.jsx";
import { DownloadData } from "../components/DownloadData.jsx";
import { Heading } from "../components/Heading.jsx";

/** What is held on the person signed in: having it, and having it deleted. @param {import("../App.jsx").PageProps} props */
export function YourData({ leave }) {
  return (
    <>
      <Heading>Your data</Heading>
      <div className="columns">
        <Card id="download" title="Download your data">
          <DownloadData />
        </Card>
        <Card id="delete" title="Delete your account">
          <DeleteAccount leave={leave} />
        </Card>
      </div>
    </>
  );
}
