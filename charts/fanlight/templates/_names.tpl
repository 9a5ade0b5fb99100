{{/*
The label and the base of all names. A release that the predecessor's chart made keeps those it has: the selector of a
Deployment cannot be changed, and whoever points to the Service must still find it. Looked up once for each rendering.
*/}}
{{- define "fanlight.name" -}}
{{- if not (hasKey . "inheritedName") -}}
{{- $_ := set . "inheritedName" (include "fanlight.inheritedName" .) -}}
{{- end -}}
{{- .Values.nameOverride | default .inheritedName | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fanlight.inheritedName" -}}
{{- $old := include "fanlight.fullnameOf" (list . "weave-gitops") -}}
{{- $deployment := lookup "apps/v1" "Deployment" .Release.Namespace $old -}}
{{- $selector := dig "spec" "selector" "matchLabels" dict $deployment -}}
{{- if eq (get $selector "app.kubernetes.io/instance") .Release.Name -}}
{{- get $selector "app.kubernetes.io/name" -}}
{{- end -}}
{{- end -}}

{{- define "fanlight.fullname" -}}
{{- include "fanlight.fullnameOf" (list . (include "fanlight.name" .)) -}}
{{- end -}}

{{/* The predecessor's rule: the release's name if the chart's is in it, else both. */}}
{{- define "fanlight.fullnameOf" -}}
{{- $root := index . 0 -}}
{{- $name := $root.Values.nameOverride | default (index . 1) -}}
{{- if $root.Values.fullnameOverride -}}
{{- $root.Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name $root.Release.Name -}}
{{- $root.Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" $root.Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fanlight.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fanlight.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fanlight.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "fanlight.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* By these the predecessor's programs find an installation. */}}
{{- define "fanlight.marks" -}}
app.kubernetes.io/part-of: weave-gitops
weave.works/app: weave-gitops-oss
{{- end -}}

{{- define "fanlight.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "fanlight.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "fanlight.sessionKeySecret" -}}
{{- .Values.sessionKey.existingSecret | default (printf "%s-session-key" (include "fanlight.fullname" . | trunc 51 | trimSuffix "-")) -}}
{{- end -}}

{{- define "fanlight.kubeVersion" -}}
{{- $global := .Values.global | default dict -}}
{{- get $global "kubeVersion" | default .Values.kubeVersion | default .Capabilities.KubeVersion.Version -}}
{{- end -}}
