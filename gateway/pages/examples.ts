/** What GraphiQL opens with: a live list and three questions that the seeded world answers. */

export interface Example {
  readonly document: string;
  /** JSON, as GraphiQL shows it. */
  readonly variables?: string;
}

/** Answers at once on any gateway, and goes on as runs are started, work and end. */
const LIVE_RUNS: Example = {
  document: `# Live, over WebSocket: the newest runs, then what changes.
# Start it, then replay a run: npx polyphony replay e2e/samples/*
subscription LiveRuns {
  runs(first: 5) {
    type
    counts {
      status
      count
    }
    runs {
      id
      version
      status
      stepsDone
      stepsTotal
      workflow {
        name
      }
    }
    removed
  }
}
`,
};

/** One tab each, in this order. */
export const EXAMPLES: readonly Example[] = [
  {
    document: `# Workflows with their latest runs.
# Ctrl-Enter asks, Ctrl-Space completes.
query Workflows {
  workflows(first: 5) {
    nodes {
      name
      kind
      runs(first: 3) {
        totalCount
        nodes {
          status
          stepsDone
          stepsTotal
          createdAt
        }
      }
    }
  }
}
`,
  },
  LIVE_RUNS,
  {
    document: `# The newest runs with the state of each step.
query Runs {
  runs(first: 3) {
    nodes {
      id
      status
      statusName
      workflow {
        name
      }
      steps(first: 20) {
        nodes {
          name
          status
          attempt
          durationMs
        }
      }
    }
  }
}
`,
  },
  {
    document: `# Artifacts by words and quality, with what made them.
query Artifacts($words: String!, $quality: Float!) {
  artifacts(
    filter: { search: { matches: $words }, quality: { gte: $quality } }
    first: 10
  ) {
    nodes {
      name
      kind
      quality
      sizeBytes
      producedBy {
        name
        run {
          workflow {
            name
          }
        }
      }
    }
  }
}
`,
    variables: `{
  "words": "scores",
  "quality": 0.8
}`,
  },
  {
    document: `# The graph: some entities, and what is near each of them.
query Entities($kind: String!) {
  entities(filter: { kind: { eq: $kind } }, first: 10) {
    nodes {
      name
      kind
      degree {
        in
        out
      }
      neighbours(first: 10) {
        edges {
          relation {
            kind
          }
          node {
            name
            kind
          }
        }
      }
    }
  }
}
`,
    variables: `{
  "kind": "method"
}`,
  },
];
