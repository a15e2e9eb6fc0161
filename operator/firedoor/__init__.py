"""firedoor contains Kubernetes security incidents. The map, and who may import whom:

api         the nouns: models, names, conditions; imports nothing of ours
planner     the decisions: situation -> guards -> plan, report; pure; imports api
kube        the only road to the API server; imports api
actions     the verbs, each beside its reverse and its permissions; imports api, kube
evidence    the record: sources, bag, custody, verify, collector; imports api, kube, look
look        what looks at a suspect from inside its pod; the standard library alone
probe       the prover's hand: answers reach questions on its standard input; imports nothing of ours
controller  watch, queue, reconcile, report; the only importer of kopf; imports all above
intake      the alert receiver, a process of its own; imports api, kube
cli         the commands; starts the processes above, and gives people what they ask for (`kubectl firedoor`)
"""

__version__ = "0.1.0"
