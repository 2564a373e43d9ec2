/** Air routes, with facts of them. */
import {
  counted,
  idOf,
  once,
  rowsOf,
  tally,
  type Ask,
  type DataSet,
  type Fact,
} from './graph-data.ts';
import { leastSum } from './least-sum.ts';

const routes = once(() =>
  rowsOf('air-routes-edges.csv.gz').filter((row) => row['~label'] === 'route'),
);
const airports = once(
  () => new Map(rowsOf('air-routes-nodes.csv.gz').map((row) => [row['code']!, row['~id']!])),
);

const PATH = `query ($from: ID!, $to: ID!) { shortestPath(from: $from, to: $to, direction: OUT, relationKinds: ["route"], weight: "dist")
  { path { weight nodes { key } relations { properties } } } }`;

interface FoundPath {
  readonly shortestPath: {
    readonly path: {
      readonly weight: number;
      readonly nodes: readonly { readonly key: string }[];
      readonly relations: readonly { readonly properties: { readonly dist: number } }[];
    };
  };
}

/** The miles, if there is such a path and it has so many. */
async function milesByPath(ask: Ask, from: string, to: string): Promise<number | string> {
  const [fromId, toId] = [
    await idOf(ask, 'airport', airports().get(from)!),
    await idOf(ask, 'airport', airports().get(to)!),
  ];
  const { path } = (await ask<FoundPath>(PATH, { from: fromId, to: toId })).shortestPath;
  const keys = path.nodes.map(({ key }) => key);
  const legs = path.relations.map(({ properties }, at) =>
    routes().find(
      (row) =>
        row['~from'] === keys[at] &&
        row['~to'] === keys[at + 1] &&
        Number(row['dist']) === properties.dist,
    ),
  );
  const sum = legs.reduce((miles, leg) => miles + Number(leg?.['dist']), 0);
  const ends = [keys[0], keys.at(-1)].join();
  const isWhole = ends === [airports().get(from), airports().get(to)].join() && sum === path.weight;
  return isWhole ? sum : `no path: ${keys.join(' ')}`;
}

/** Airports, and routes with their miles. */
export const AIR_ROUTES: DataSet = {
  name: 'Air routes',
  nodes: ['air-routes-nodes.csv.gz'],
  edges: ['air-routes-edges.csv.gz'],
  facts: [
    ...counted(
      { airport: 3_504, country: 237, continent: 7, version: 1 },
      { route: 50_637, contains: 7_008 },
    ),
    {
      title: 'Atlanta: its name, values by their types, and how many routes begin and end there',
      asked: (ask) =>
        ask(
          '{ entityByKey(kind: "airport", key: "1") { name properties degree(relationKinds: ["route"]) { out in } } }',
        ),
      expected: () => ({
        entityByKey: {
          name: 'Hartsfield - Jackson Atlanta International Airport',
          properties: {
            type: 'airport',
            code: 'ATL',
            icao: 'KATL',
            region: 'US-GA',
            runways: 5,
            longest: 12_390,
            elev: 1_026,
            country: 'US',
            city: 'Atlanta',
            lat: 33.6366996765137,
            lon: -84.4281005859375,
          },
          degree: { out: tally(routes(), '~from')['1'], in: tally(routes(), '~to')['1'] },
        },
      }),
    },
    {
      title: 'the ten airports that most routes begin at',
      async asked(ask) {
        const { topEntities } = await ask<{
          topEntities: { degree: number; entity: { key: string } }[];
        }>(
          '{ topEntities(first: 10, direction: OUT, relationKinds: ["route"]) { degree entity { key } } }',
        );
        return topEntities.map(({ degree, entity }) => [
          degree,
          tally(routes(), '~from')[entity.key],
        ]);
      },
      expected: () =>
        Object.values(tally(routes(), '~from'))
          .toSorted((a, b) => b - a)
          .slice(0, 10)
          .map((degree) => [degree, degree]),
    },
    ...[
      ['AUS', 'WLG'],
      ['LHR', 'PPT'],
      ['YPO', 'KIX'],
    ].map(([from = '', to = '']): Fact => ({
      title: `the miles from ${from} to ${to}`,
      asked: (ask) => milesByPath(ask, from, to),
      expected: () =>
        leastSum(
          routes().map((row) => [row['~from']!, row['~to']!, Number(row['dist'])]),
          airports().get(from)!,
          airports().get(to)!,
        ),
    })),
  ],
};
