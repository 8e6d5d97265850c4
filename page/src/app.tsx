import { useEffect, useRef } from "preact/hooks";
import { signOut, useSignedIn } from "./auth.ts";
import { Button, Notice } from "./components/index.ts";
import { usePolled } from "./polling.ts";
import { type Route, SITES, useRoute } from "./router.ts";
import type { Me } from "./types.ts";
import { SignIn, SignInAgain } from "./views/sign-in.tsx";
import { SiteFrame } from "./views/site.tsx";
import { SitesView } from "./views/sites.tsx";

const ME_EVERY_MS = 60_000;

/** `failed` is what went wrong when the page arrived from signing in. */
export function App({ failed }: { failed: unknown }) {
  const route = useRoute();
  const signedIn = useSignedIn();
  const latest = usePolled<Me>(signedIn ? "/me" : null, ME_EVERY_MS).data;
  // Who has to sign in again keeps the view, and what was typed there, under the dialog.
  const last = useRef<Me>(undefined);
  last.current = latest ?? last.current;
  const me = last.current;
  const known = useRef(false);
  known.current ||= signedIn;
  useTop(route);

  if (!known.current) {
    return (
      <>
        <Bar />
        <main id="content">
          <SignIn failed={failed} />
        </main>
      </>
    );
  }
  return (
    <>
      <button type="button" class="button skip" onClick={skip}>
        Skip to the content
      </button>
      <Bar me={me} />
      <main id="content" tabIndex={-1}>
        <Page route={route} me={me} />
      </main>
      {!signedIn && <SignInAgain />}
    </>
  );
}

function Bar({ me }: { me?: Me | undefined }) {
  return (
    <header class="bar">
      <a class="brand" href={SITES}>
        Energy
      </a>
      {me && (
        <div class="who">
          <span>{me.name ?? me.principal}</span>
          <Button onClick={() => signOut()}>Sign out</Button>
        </div>
      )}
    </header>
  );
}

function Page({ route, me }: { route: Route; me: Me | undefined }) {
  if (route.page === "sites") return <SitesView me={me} />;
  if (route.page === "unknown") {
    return (
      <Notice kind="warning" title="There is no such page.">
        <p>
          <a href={SITES}>Go to your sites</a>
        </p>
      </Notice>
    );
  }
  const { siteId, section, query } = route;
  return <SiteFrame key={siteId} siteId={siteId} section={section} query={query} me={me} />;
}

/** A button, for the part of the address that a link would change says where the page is. */
function skip() {
  document.getElementById("content")?.focus();
}

/** Another page begins at its top. */
function useTop(route: Route) {
  const place = route.page === "site" ? `${route.siteId}/${route.section}` : route.page;
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    scrollTo(0, 0);
  }, [place]);
}
