import { useEffect, useState } from "preact/hooks";
import { config, paste, signIn } from "../auth.ts";
import { Button, Dialog, ErrorNotice, TextField } from "../components/index.ts";
import type { Config } from "../types.ts";

/** The first that somebody without a token sees. */
export function SignIn({ failed }: { failed: unknown }) {
  return (
    <section class="card sign-in">
      <h1>Your sites</h1>
      <p>What they draw, what they may draw, and the limits that hold. Sign in to see yours.</p>
      {failed !== undefined && <ErrorNotice error={failed} title="Signing in failed." />}
      <Ways />
    </section>
  );
}

/** Over the view in which a token ended, so that nothing typed there is lost. */
export function SignInAgain() {
  return (
    <Dialog title="Your sign-in has ended">
      <p>What you typed is kept. Sign in again to go on.</p>
      <Ways />
    </Dialog>
  );
}

function Ways() {
  const [known, setKnown] = useState<Config>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    config().then(setKnown, setError);
  }, []);
  const leave = () => {
    setBusy(true);
    signIn().catch((reason) => {
      setError(reason);
      setBusy(false);
    });
  };
  return (
    <>
      {error !== undefined && <ErrorNotice error={error} />}
      {known?.sign_in && (
        <Button kind="primary" busy={busy} onClick={leave}>
          Sign in
        </Button>
      )}
      {known && !known.sign_in && <PasteToken />}
    </>
  );
}

function PasteToken() {
  const [text, setText] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) paste(text);
      }}
    >
      <p>
        This platform runs on a machine of yours. Open the link <code>energy_page</code> that <code>make local</code>{" "}
        printed, or paste it here.
      </p>
      <TextField label="Link or token" type="password" autocomplete="off" value={text} onText={setText} required />
      <Button kind="primary" type="submit">
        Go
      </Button>
    </form>
  );
}
