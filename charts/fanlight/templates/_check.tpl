{{/* What would not work, or do something else than was meant, stops before anything is changed. */}}
{{- define "fanlight.check" -}}
{{- $known := .Files.Lines "known-values.txt" -}}
{{- $unknown := include "fanlight.unknown" (list (omit .Values "global") "" $known) | trim -}}
{{- if $unknown -}}
{{- fail (printf "unknown values:\n%s" $unknown) -}}
{{- end -}}
{{- if and .Values.rbac.constrainedImpersonation.enabled (semverCompare "<1.36-0" (include "fanlight.kubeVersion" .)) -}}
{{- fail (printf "rbac.constrainedImpersonation needs Kubernetes 1.36 or later, and this is %s" (include "fanlight.kubeVersion" .)) -}}
{{- end -}}
{{- range list "system:" "fanlight:" -}}
{{- if and $.Values.adminUser.create (hasPrefix . $.Values.adminUser.username) -}}
{{- fail (printf "adminUser.username is %s: the server lets nobody in whose name begins with %s" $.Values.adminUser.username .) -}}
{{- end -}}
{{- end -}}
{{- include "fanlight.refuseTaken" . -}}
{{- include "fanlight.refuseShared" . -}}
{{- include "fanlight.checkAuditLog" . -}}
{{- if and .Values.metrics.serviceMonitor.create (not (and .Values.metrics.enabled .Values.service.create)) -}}
{{- fail "metrics.serviceMonitor.create needs metrics.enabled and service.create: there would be nothing to look at" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts must be set where ingress.enabled is" -}}
{{- end -}}
{{- if and .Values.serverTLS.clientCA.secretName (not .Values.serverTLS.enable) -}}
{{- fail "serverTLS.clientCA needs serverTLS.enable: plain HTTP has no certificates" -}}
{{- end -}}
{{- end -}}

{{/* What is named once in the whole cluster may belong to another release. */}}
{{- define "fanlight.refuseTaken" -}}
{{- $names := dict -}}
{{- if .Values.rbac.create -}}
{{- $_ := set $names (include "fanlight.fullname" .) "Set fullnameOverride, or install under another release name" -}}
{{- end -}}
{{- if and .Values.adminUser.create .Values.adminUser.createClusterRole -}}
{{- $_ := set $names "wego-admin-cluster-role" "Set adminUser.createClusterRole=false here, and bind the user to that ClusterRole yourself" -}}
{{- end -}}
{{- range $name, $remedy := $names -}}
{{- $owner := lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" $name | dig "metadata" "annotations" dict -}}
{{- $owners := printf "%s/%s" (get $owner "meta.helm.sh/release-namespace") (get $owner "meta.helm.sh/release-name") -}}
{{- if not (has $owners (list "/" (printf "%s/%s" $.Release.Namespace $.Release.Name))) -}}
{{- fail (printf "ClusterRole %s belongs to the release %s. %s" $name $owners $remedy) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The account `default` is every pod's that names none, and what the server may do they all may. A release that the predecessor's
chart made so keeps it, and is warned.
*/}}
{{- define "fanlight.refuseShared" -}}
{{- if and .Values.rbac.create (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- $there := lookup "apps/v1" "Deployment" .Release.Namespace (include "fanlight.fullname" .) -}}
{{- $owner := $there | dig "metadata" "annotations" dict -}}
{{- $account := $there | dig "spec" "template" "spec" "serviceAccountName" "" -}}
{{- if not (and (eq (get $owner "meta.helm.sh/release-name") .Release.Name) (eq $account "default")) -}}
{{- fail (printf "serviceAccount.create is false and serviceAccount.name is empty: every pod in %s that names no account would be allowed to impersonate whom the server may. Set serviceAccount.create=true or serviceAccount.name to an account of its own; or serviceAccount.name: default, if that is meant" .Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A file has to be where something can be written. */}}
{{- define "fanlight.checkAuditLog" -}}
{{- $file := .Values.auditLog -}}
{{- if and (hasPrefix "/" $file) (dig "readOnlyRootFilesystem" false (.Values.securityContext | default dict)) -}}
{{- $held := false -}}
{{- range .Values.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $file }}{{ $held = true }}{{ end -}}
{{- end -}}
{{- if not $held -}}
{{- fail (printf "auditLog is %s, and nothing is mounted there: the root of the container is read-only. Mount a volume by extraVolumes and extraVolumeMounts" $file) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "fanlight.image" -}}
{{- $repository := required "image.repository must be set: where your image of fanlight-server is" .Values.image.repository -}}
{{- if hasSuffix "/wego-app" $repository -}}
{{- fail (printf "image.repository is %s, an image of Weave GitOps: name that of fanlight-server" $repository) -}}
{{- end -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{/* A line for each key that no line of `known-values.txt` names. Below one that ends in `.*` everything is known. */}}
{{- define "fanlight.unknown" -}}
{{- $values := index . 0 -}}
{{- $above := index . 1 -}}
{{- $known := index . 2 -}}
{{- range $key, $value := $values -}}
{{- $path := printf "%s%s" $above $key -}}
{{- if has (printf "%s.*" $path) $known -}}
{{- else if has $path $known -}}
{{- if kindIs "map" $value }}{{ include "fanlight.unknown" (list $value (printf "%s." $path) $known) }}{{ end -}}
{{- else -}}
{{- $nearest := include "fanlight.nearest" (list $path $known) -}}
{{- printf "- %s%s\n" $path (ternary (printf " (did you mean %s?)" $nearest) "" (ne $nearest "")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The known value that shares the most pairs of neighbouring letters with a path (Dice), or none if it is few. */}}
{{- define "fanlight.nearest" -}}
{{- $path := index . 0 -}}
{{- $pairs := include "fanlight.pairs" $path | fromJsonArray -}}
{{- $best := dict "name" "" "score" 450 -}}
{{- range index . 1 -}}
{{- $name := trimSuffix ".*" . -}}
{{- $others := include "fanlight.pairs" $name | fromJsonArray -}}
{{- $shared := 0 -}}
{{- range $pairs }}{{ if has . $others }}{{ $shared = add1 $shared }}{{ end }}{{ end -}}
{{- $all := add (len $pairs) (len $others) -}}
{{- if gt $all 0 -}}
{{- $score := div (mul 2000 $shared) $all | int -}}
{{- if gt $score (get $best "score" | int) -}}
{{- $_ := set $best "name" $name -}}
{{- $_ := set $best "score" $score -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- get $best "name" -}}
{{- end -}}

{{- define "fanlight.pairs" -}}
{{- $letters := lower . | splitList "" -}}
{{- $pairs := list -}}
{{- range $place := until (sub (len $letters) 1 | max 0 | int) -}}
{{- $pairs = append $pairs (printf "%s%s" (index $letters $place) (index $letters (add1 $place | int))) -}}
{{- end -}}
{{- toJson $pairs -}}
{{- end -}}
