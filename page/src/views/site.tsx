import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { Button, ErrorNotice, Notice, StateBadge, Time } from "../components/index.ts";
import { duration } from "../format.ts";
import { heard } from "../now.ts";
import { useNow, usePolled } from "../polling.ts";
import { href, SECTIONS, type Section, SITES } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { Me, Picture, Right } from "../types.ts";
import { LiveView } from "./live.tsx";
import { SessionsView } from "./sessions.tsx";

const LIVE_EVERY_MS = 3_000;
const ELSEWHERE_EVERY_MS = 10_000;
/** After so long without news it is said that there are none. */
const OLD_S = 15;

/** Loaded with the page; the others once somebody looks at one of them, so that the first is there sooner. */
const LOADED: Partial<Record<Section, View>> = { live: LiveView, sessions: SessionsView };

const NAMES: Record<Section, string> = {
  live: "Now",
  sessions: "Sessions",
  limits: "Limits",
  prices: "Prices & forecasts",
  history: "History",
  events: "Events",
  reports: "Reports",
  signals: "Grid signals",
};

type View = ComponentType<ViewProps>;
type Further = Record<string, View>;

interface Props {
  siteId: string;
  section: Section;
  query: URLSearchParams;
  /** Not known yet: nobody can tell what may be changed. */
  me: Me | undefined;
}

/** A site: how it is, where to go, and one of its views. */
export function SiteFrame({ siteId, section, query, me }: Props) {
  const path = `/sites/${encodeURIComponent(siteId)}/now`;
  const {
    data: picture,
    error,
    seenAt,
    refresh,
  } = usePolled<Picture>(path, section === "live" || section === "sessions" ? LIVE_EVERY_MS : ELSEWHERE_EVERY_MS);
  const title = picture ? `${picture.site.name ?? picture.site.id} · ${NAMES[section]}` : NAMES[section];
  useEffect(() => {
    document.title = `${title} · Energy`;
    return () => {
      document.title = "Energy";
    };
  }, [title]);
  const { View, failed } = useView(section);
  if (picture) heard(picture.at);

  if (!picture)
    return error === undefined ? <p class="empty">Loading …</p> : <NotThere siteId={siteId} error={error} />;
  const may = (right: Right) => rights(me, siteId).includes(right);
  const props: ViewProps = { site: picture.site, picture, me, may, query, refresh };
  const ready = View && (me || section === "live");
  return (
    <>
      <p class="crumbs">
        <a href={SITES}>Your sites</a>
      </p>
      <div class="heading">
        <h1>{picture.site.name ?? picture.site.id}</h1>
        <StateBadge state={picture.state} alarms={picture.alarms.length} />
        <Seen at={seenAt} picture={picture} />
      </div>
      <Tabs siteId={siteId} section={section} />
      {error !== undefined && <ErrorNotice error={error} title="No news." />}
      {failed && <Outdated />}
      {ready && <View key={section} {...props} />}
      {!ready && !failed && <p class="empty">Loading …</p>}
    </>
  );
}

/** What one may do at a site: what is granted there or everywhere. Control includes reading. */
function rights(me: Me | undefined, siteId: string): Right[] {
  const granted = [...(me?.sites[siteId] ?? []), ...(me?.sites["*"] ?? [])];
  return granted.includes("control") ? [...granted, "read"] : granted;
}

function Tabs({ siteId, section }: { siteId: string; section: Section }) {
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another section is another current link
  useEffect(() => {
    // On a phone there is not room for all of them.
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current && current) nav.current.scrollLeft = current.offsetLeft - nav.current.clientWidth / 3;
  }, [section]);
  return (
    <nav class="tabs" aria-label="Site" ref={nav}>
      <ul>
        {SECTIONS.map((each) => (
          <li key={each}>
            <a href={href(siteId, each)} aria-current={each === section ? "page" : undefined}>
              {NAMES[each]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The view of a section, as soon as it is loaded. */
function useView(section: Section): { View: View | undefined; failed: boolean } {
  const [further, setFurther] = useState<Further>({});
  const [failed, setFailed] = useState(false);
  const View = LOADED[section] ?? further[section];
  useEffect(() => {
    if (View) return;
    setFailed(false);
    import("./further.ts").then(
      (views: Further) => setFurther({ ...views }),
      () => setFailed(true),
    );
  }, [View]);
  return { View, failed: failed && !View };
}

/** A part of the page is not there: a newer one was deployed, or the network is gone. */
function Outdated() {
  return (
    <Notice kind="warning" title="This part of the page could not be loaded.">
      <p>The network may be gone, or a newer page was deployed. What you typed is kept.</p>
      <Button onClick={() => location.reload()}>Load the page again</Button>
    </Notice>
  );
}

function Seen({ at, picture }: { at: number | undefined; picture: Picture }) {
  const now = useNow();
  const { time_zone: zone } = picture.site;
  if (!at) return null;
  const age = Math.max(0, Math.round((now - at) / 1000));
  return (
    <p class={`seen ${age > OLD_S ? "old" : ""}`}>
      <span class="pulse" aria-hidden="true" />
      <Time at={picture.at} zone={zone} style="time" /> in {zone.replaceAll("_", " ")} · last seen {duration(age)} ago
    </p>
  );
}

function NotThere({ siteId, error }: { siteId: string; error: unknown }) {
  if (!(error instanceof Problem) || error.status !== 404) return <ErrorNotice error={error} />;
  return (
    <Notice kind="warning" title={`There is no site “${siteId}” for you.`}>
      <p>
        It is not there, or it is not granted to you. <a href={SITES}>Go to your sites</a>
      </p>
    </Notice>
  );
}
