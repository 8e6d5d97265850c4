import { Button, ErrorNotice } from "../components/index.ts";
import { PriorityForm } from "../forms/PriorityForm.tsx";
import { pathOf } from "../forms/place.ts";
import { useResource } from "../resource.ts";
import type { ViewProps } from "../site.ts";

/** Which EVSEs are served first. */
export function PrioritiesCard({ site, picture, may, refresh }: ViewProps) {
  const { data, etag, error, loading, reload } = useResource<Record<string, number>>(pathOf(site, "priorities"));
  const here = picture.sessions.map(({ evse_uid }) => evse_uid);
  const evses = [...new Set([...Object.keys(data ?? {}), ...here])].sort();
  return (
    <section class="card" aria-labelledby="priorities-title">
      <h2 id="priorities-title">Priorities</h2>
      {error !== null && <ErrorNotice error={error} title="The priorities could not be read." />}
      {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
      {loading && <p class="empty">Reading the priorities …</p>}
      {data && !may("control") && <Told priorities={data} />}
      {data && may("control") && evses.length === 0 && <p class="empty">No EVSE of this site is known by name yet.</p>}
      {data && may("control") && evses.length > 0 && (
        <PriorityForm site={site} evses={evses} priorities={data} etag={etag} reload={reload} onSaved={refresh} />
      )}
    </section>
  );
}

function Told({ priorities }: { priorities: Record<string, number> }) {
  const others = Object.entries(priorities).filter(([, value]) => value !== 1);
  if (!others.length) return <p class="empty">All EVSEs are alike.</p>;
  return (
    <ul class="remarks">
      {others.map(([evse, value]) => (
        <li key={evse}>
          EVSE {evse}: {value}
        </li>
      ))}
    </ul>
  );
}
