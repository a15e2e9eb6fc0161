{{/* Labels of every object of the chart. */}}
{{- define "firedoor.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: firedoor
{{- end }}

{{/* Labels by which a component's pods are found. Takes the component's name. */}}
{{- define "firedoor.selector" -}}
app.kubernetes.io/name: firedoor
app.kubernetes.io/component: {{ . }}
{{- end }}

{{/* The operator's image; the digest wins over the tag. */}}
{{- define "firedoor.image" -}}
{{- $image := .Values.image -}}
{{- $repository := empty $image.registry | ternary $image.repository (printf "%s/%s" $image.registry $image.repository) -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The actions that are switched on; isolation always is. */}}
{{- define "firedoor.actions" -}}
{{- $actions := list "network" -}}
{{- range $name, $action := .Values.actions -}}
{{- if $action.enabled -}}{{- $actions = append $actions $name -}}{{- end -}}
{{- end -}}
{{ join "," $actions }}
{{- end }}

{{/* Where sealed evidence is copied to, as the controller reads it; every part of it is needed. */}}
{{- define "firedoor.objectStore" -}}
{{- with .Values.actions.storeCopies -}}
{{- $needed := "actions.storeCopies needs endpoint, bucket and existingSecret" -}}
{{- dict
  "endpoint" (required $needed .endpoint)
  "bucket" (required $needed .bucket)
  "secret" (required $needed .existingSecret)
  "region" .region "prefix" .prefix "mode" .mode "retention" .retention | toJson -}}
{{- end -}}
{{- end }}

{{/* What every process is told of itself and its surroundings. */}}
{{- define "firedoor.env" -}}
- name: FIREDOOR_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- end }}

{{/* The restricted profile (Pod Security Standards), pod and container. */}}
{{- define "firedoor.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}
{{- define "firedoor.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The API server's token, for an hour at a time, and only in the pods that say so. */}}
{{- define "firedoor.tokenVolume" -}}
- name: api-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}
{{- define "firedoor.tokenMount" -}}
- {name: api-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}

{{/* Where a component's pods may run, and on different nodes where that is possible. Takes the component's name and values. */}}
{{- define "firedoor.placement" -}}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "firedoor.selector" .component | nindent 8 }}
{{- end }}

{{/* The way to the API server, for NetworkPolicies. */}}
{{- define "firedoor.toApiServer" -}}
{{- with .Values.networkPolicy.apiServer -}}
- ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .cidrs }}
  to:
    {{- range . }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
