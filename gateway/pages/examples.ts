/** What GraphiQL opens with: three questions that the seeded world answers. */

export interface Example {
  readonly document: string;
  /** JSON, as GraphiQL shows it. */
  readonly variables?: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    document: `# Workflows with their latest runs. Press Ctrl-Enter to ask; Ctrl-Space completes.
query Workflows {
  workflows(first: 5) {
    nodes {
      name
      kind
      runs(first: 3) {
        totalCount
        nodes { id status stepsDone stepsTotal createdAt }
      }
    }
  }
}
`,
  },
  {
    document: `# Newest runs with the state of each step.
query Runs {
  runs(first: 3) {
    nodes {
      id
      status
      workflow { name }
      steps(first: 20) {
        nodes { stepKey name status startedAt durationMs }
      }
    }
  }
}
`,
  },
  {
    document: `# Artifacts by full text and quality, with the run that made them.
query Artifacts($search: String!, $quality: Float!) {
  artifacts(filter: { search: $search, quality: { gte: $quality } }, first: 10) {
    nodes { name kind quality sizeBytes run { id workflow { name } } }
  }
}
`,
    variables: '{ "search": "report", "quality": 0.8 }',
  },
];
