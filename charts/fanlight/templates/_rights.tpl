{{/* The names of the Secrets that the server may read: a renamed one is among them. */}}
{{- define "fanlight.secretNames" -}}
{{- $default := list "cluster-user-auth" "oidc-auth" -}}
{{- $names := .Values.rbac.viewSecretsResourceNames -}}
{{- if .Values.rbac.viewSecrets -}}
{{- if and $names (ne (toJson $names) (toJson $default)) -}}
{{- fail "rbac.viewSecrets is the old name of rbac.viewSecretsResourceNames, and both are set: keep the latter" -}}
{{- end -}}
{{- $names = .Values.rbac.viewSecrets -}}
{{- end -}}
{{- if not $names -}}
{{- fail "rbac.viewSecretsResourceNames is empty, which would let the server read every Secret: name those it needs, or set rbac.viewSecretsEnabled=false" -}}
{{- end -}}
{{- if ne (include "fanlight.emergencySecret" .) "cluster-user-auth" -}}
{{- $names = append $names (include "fanlight.emergencySecret" .) -}}
{{- end -}}
{{- if ne (include "fanlight.oidcSecret" .) "oidc-auth" -}}
{{- $names = append $names (include "fanlight.oidcSecret" .) -}}
{{- end -}}
{{- toYaml (uniq $names) -}}
{{- end -}}

{{- define "fanlight.secretRules" -}}
{{- if .Values.rbac.viewSecretsEnabled }}
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["get", "list"]
  resourceNames:
    {{- include "fanlight.secretNames" . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Whether people go before the API server by their groups alone: all of them, as none may be impersonated by name. */}}
{{- define "fanlight.byGroupsAlone" -}}
{{- $what := .Values.rbac.impersonationResources -}}
{{- if and (has "groups" $what) (not (has "users" $what)) -}}all{{- end -}}
{{- end -}}

{{/* Or those who are not named, if the one user is named as whom they go. */}}
{{- define "fanlight.hasMembers" -}}
{{- if or (include "fanlight.byGroupsAlone" .) (has "fanlight:member" .Values.rbac.impersonationResourceNames) -}}members{{- end -}}
{{- end -}}

{{- define "fanlight.impersonationRules" -}}
{{- $what := .Values.rbac.impersonationResources -}}
{{- if .Values.rbac.constrainedImpersonation.enabled }}
{{- $forms := list }}
{{- with without $what "serviceaccounts" }}
{{- $forms = append $forms "impersonate-on:user-info:" }}
{{- include "fanlight.whom" (list $ "authentication.k8s.io" "impersonate:user-info" .) }}
{{- end }}
{{- if has "serviceaccounts" $what }}
{{- include "fanlight.named" (list . "authentication.k8s.io" "impersonate:serviceaccount" (list "serviceaccounts")) }}
{{- end }}
{{- /* Which ones may be allowed elsewhere, for one namespace. */}}
{{- if or (has "serviceaccounts" $what) (has "--oidc-service-accounts" .Values.additionalArgs) }}
{{- $forms = append $forms "impersonate-on:serviceaccount:" }}
{{- end }}
{{- include "fanlight.whatFor" (list . $forms) }}
{{- else }}
{{- include "fanlight.whom" (list . "" "impersonate" $what) }}
{{- end }}
{{- end -}}

{{/* What may be done as others, for each form of impersonation: service accounts have one of their own. */}}
{{- define "fanlight.whatFor" -}}
{{- $root := index . 0 }}
{{- $forms := index . 1 }}
{{- $look := list "get" "list" "watch" }}
- apiGroups: ["authorization.k8s.io"]
  resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
  verbs: {{ include "fanlight.on" (list $forms (list "create")) }}
- apiGroups: {{ include "fanlight.fluxGroups" $root }}
  resources: ["*"]
  verbs: {{ include "fanlight.on" (list $forms (ternary (append $look "patch") $look $root.Values.rbac.constrainedImpersonation.actions)) }}
- apiGroups: [""]
  resources: ["events"]
  verbs: {{ include "fanlight.on" (list $forms (list "list" "watch")) }}
- apiGroups: [""]
  resources: ["configmaps", "namespaces", "persistentvolumeclaims", "pods", "pods/log", "serviceaccounts", "services"]
  verbs: {{ include "fanlight.on" (list $forms (list "get")) }}
- apiGroups: ["apps"]
  resources: ["daemonsets", "deployments", "replicasets", "statefulsets"]
  verbs: {{ include "fanlight.on" (list $forms (list "get")) }}
- apiGroups: ["autoscaling", "batch", "networking.k8s.io", "policy"]
  resources: ["cronjobs", "horizontalpodautoscalers", "ingresses", "jobs", "networkpolicies", "poddisruptionbudgets"]
  verbs: {{ include "fanlight.on" (list $forms (list "get")) }}
- apiGroups: ["rbac.authorization.k8s.io"]
  resources: ["rolebindings", "roles"]
  verbs: {{ include "fanlight.on" (list $forms (list "get")) }}
{{- /* What an application applied: all kinds of Kubernetes that it may be of, but Secrets. */}}
- apiGroups: ["", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "scheduling.k8s.io", "storage.k8s.io"]
  resources: {{ include "fanlight.appliedResources" . }}
  verbs: {{ include "fanlight.on" (list $forms (list "get" "list")) }}
- apiGroups: ["metrics.k8s.io"]
  resources: ["pods"]
  verbs: {{ include "fanlight.on" (list $forms (list "list")) }}
{{- include "fanlight.workloadRules" . }}
- nonResourceURLs: ["/apis", "/apis/*"]
  verbs: {{ include "fanlight.on" (list $forms (list "get")) }}
{{- end -}}

{{/* Verbs, each in all these forms: what stands before it. */}}
{{- define "fanlight.on" -}}
{{- $verbs := index . 1 -}}
{{- $all := list -}}
{{- range $form := index . 0 -}}
{{- range $verbs }}{{ $all = append $all (print $form .) }}{{ end -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* Kubernetes takes no groups without a user, so they come with one; who it really is stands in the extra, and in the audit log. */}}
{{- define "fanlight.whom" -}}
{{- $root := index . 0 }}
{{- $group := index . 1 }}
{{- $verb := index . 2 }}
{{- include "fanlight.named" . }}
{{- if include "fanlight.byGroupsAlone" $root }}
- apiGroups: [{{ quote $group }}]
  resources: ["users"]
  verbs: [{{ quote $verb }}]
  resourceNames: ["fanlight:member"]
{{- end }}
{{- if include "fanlight.hasMembers" $root }}
- apiGroups: ["authentication.k8s.io"]
  resources: ["userextras/fanlight.dev/user"]
  verbs: [{{ quote $verb }}]
{{- end }}
{{- end -}}

{{- define "fanlight.named" }}
- apiGroups: [{{ index . 1 | quote }}]
  resources: {{ index . 3 | toJson }}
  verbs: [{{ index . 2 | quote }}]
  {{- with (index . 0).Values.rbac.impersonationResourceNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
{{- end -}}

{{- define "fanlight.fluxGroups" -}}
["source.toolkit.fluxcd.io", "source.extensions.fluxcd.io", "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "notification.toolkit.fluxcd.io", "image.toolkit.fluxcd.io", "infra.contrib.fluxcd.io", "fluxcd.controlplane.io"]
{{- end -}}

{{- define "fanlight.appliedResources" -}}
["apiservices", "clusterrolebindings", "clusterroles", "configmaps", "cronjobs", "csidrivers", "customresourcedefinitions", "daemonsets", "deployments", "horizontalpodautoscalers", "ingressclasses", "ingresses", "jobs", "limitranges", "mutatingwebhookconfigurations", "namespaces", "networkpolicies", "persistentvolumeclaims", "persistentvolumes", "poddisruptionbudgets", "pods", "priorityclasses", "replicasets", "replicationcontrollers", "resourcequotas", "rolebindings", "roles", "serviceaccounts", "services", "statefulsets", "storageclasses", "validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations"]
{{- end -}}

{{/* What the predecessor gave its one user, in the Role and in the ClusterRole. */}}
{{- define "fanlight.adminRules" -}}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["source.toolkit.fluxcd.io"]
  resources: ["buckets", "helmcharts", "gitrepositories", "helmrepositories", "ocirepositories"]
  verbs: ["get", "list", "watch", "patch"]
- apiGroups: ["kustomize.toolkit.fluxcd.io"]
  resources: ["kustomizations"]
  verbs: ["get", "list", "watch", "patch"]
- apiGroups: ["helm.toolkit.fluxcd.io"]
  resources: ["helmreleases"]
  verbs: ["get", "list", "watch", "patch"]
- apiGroups: ["notification.toolkit.fluxcd.io"]
  resources: ["providers", "alerts"]
  verbs: ["get", "list", "watch", "patch"]
- apiGroups: ["infra.contrib.fluxcd.io"]
  resources: ["terraforms"]
  verbs: ["get", "list", "watch", "patch"]
{{- include "fanlight.workloadRules" (list . (list "")) }}
{{- end -}}

{{/* Restarting workloads, running CronJobs, deleting pods; by those who may themselves, or as others in these forms. */}}
{{- define "fanlight.workloadRules" -}}
{{- $forms := index . 1 }}
{{- if (index . 0).Values.rbac.workloadActions }}
- apiGroups: ["apps"]
  resources: ["daemonsets", "deployments", "statefulsets"]
  verbs: {{ include "fanlight.on" (list $forms (list "patch")) }}
- apiGroups: ["batch"]
  resources: ["jobs"]
  verbs: {{ include "fanlight.on" (list $forms (list "create")) }}
- apiGroups: [""]
  resources: ["pods"]
  verbs: {{ include "fanlight.on" (list $forms (list "delete")) }}
{{- end }}
{{- end -}}

{{/* Everything on the pages but Secrets. */}}
{{- define "fanlight.viewerRules" -}}
- apiGroups: {{ include "fanlight.fluxGroups" . }}
  resources: ["*"]
  verbs: ["get", "list", "watch"]
- apiGroups: [""]
  resources: ["configmaps", "events", "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "services"]
  verbs: ["get", "list", "watch"]
{{- if .Values.rbac.userRoles.readLogs }}
- apiGroups: [""]
  resources: ["pods/log"]
  verbs: ["get"]
{{- end }}
- apiGroups: ["metrics.k8s.io"]
  resources: ["pods"]
  verbs: ["get", "list"]
- apiGroups: ["apps"]
  resources: ["daemonsets", "deployments", "replicasets", "statefulsets"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["batch"]
  resources: ["cronjobs", "jobs"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["autoscaling"]
  resources: ["horizontalpodautoscalers"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["networking.k8s.io"]
  resources: ["ingresses"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["rbac.authorization.k8s.io"]
  resources: ["clusterrolebindings", "clusterroles", "rolebindings", "roles"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["apiextensions.k8s.io"]
  resources: ["customresourcedefinitions"]
  verbs: ["get"]
- apiGroups: ["", "apiextensions.k8s.io", "networking.k8s.io", "policy", "scheduling.k8s.io", "storage.k8s.io"]
  resources: ["customresourcedefinitions", "ingressclasses", "limitranges", "networkpolicies", "poddisruptionbudgets", "priorityclasses", "resourcequotas", "serviceaccounts", "storageclasses"]
  verbs: ["get", "list"]
{{- end -}}

{{- define "fanlight.operatorRules" -}}
{{ include "fanlight.viewerRules" . }}
- apiGroups: {{ include "fanlight.fluxGroups" . }}
  resources: ["*"]
  verbs: ["patch"]
{{- include "fanlight.workloadRules" (list . (list "")) }}
{{- end -}}
