{{/* The last value that `additionalArgs` give a flag, as `--flag=value` or in the next argument; else empty. */}}
{{- define "fanlight.given" -}}
{{- $root := index . 0 -}}
{{- $flag := printf "--%s" (index . 1) -}}
{{- $value := "" -}}
{{- $next := false -}}
{{- range $root.Values.additionalArgs -}}
{{- $argument := toString . -}}
{{- if $next -}}
{{- $value = $argument -}}
{{- $next = false -}}
{{- else if eq $argument $flag -}}
{{- $next = true -}}
{{- else if hasPrefix (printf "%s=" $flag) $argument -}}
{{- $value = trimPrefix (printf "%s=" $flag) $argument -}}
{{- end -}}
{{- end -}}
{{- $value -}}
{{- end -}}

{{- define "fanlight.port" -}}
{{- include "fanlight.given" (list . "port") | default "9001" -}}
{{- end -}}

{{/* Empty, or with a slash before it and none after. */}}
{{- define "fanlight.base" -}}
{{- $path := include "fanlight.given" (list . "route-prefix") | default .Values.routePrefix | trimAll "/" -}}
{{- if $path }}/{{ $path }}{{ end -}}
{{- end -}}

{{- define "fanlight.emergencySecret" -}}
{{- include "fanlight.given" (list . "emergency-secret-name") | default .Values.adminUser.secretName -}}
{{- end -}}

{{- define "fanlight.oidcSecret" -}}
{{- include "fanlight.given" (list . "oidc-secret-name") | default "oidc-auth" -}}
{{- end -}}

{{/* Empty, or that clients have to show a certificate, which a kubelet has none of. */}}
{{- define "fanlight.mutual" -}}
{{- $flag := false -}}
{{- range .Values.additionalArgs -}}
{{- if has (toString .) (list "--mtls" "--mtls=true") }}{{ $flag = true }}{{ end -}}
{{- end -}}
{{- if or $flag (and .Values.serverTLS.enable .Values.serverTLS.clientCA.secretName) -}}mutual{{- end -}}
{{- end -}}

{{- define "fanlight.arguments" -}}
- "--log-level"
- {{ .Values.logLevel | quote }}
{{- if .Values.serverTLS.enable }}
- "--tls-cert-file"
- "/etc/tls-volume/tls.crt"
- "--tls-private-key-file"
- "/etc/tls-volume/tls.key"
{{- if .Values.serverTLS.clientCA.secretName }}
- "--mtls"
- {{ printf "--mtls-ca-file=/etc/client-ca/%s" .Values.serverTLS.clientCA.key | quote }}
{{- end }}
{{- else }}
- "--insecure"
{{- end }}
{{- if .Values.metrics.enabled }}
- "--enable-metrics"
- {{ printf "--metrics-address=:%v" .Values.metrics.service.port | quote }}
{{- end }}
- "--session-key-file=/etc/session-key/key"
{{- if ne .Values.adminUser.secretName "cluster-user-auth" }}
- {{ printf "--emergency-secret-name=%s" .Values.adminUser.secretName | quote }}
{{- end }}
{{- if has "serviceaccounts" .Values.rbac.impersonationResources }}
- "--oidc-service-accounts"
{{- end }}
{{- with .Values.adminUser.sessionDuration }}
- {{ printf "--emergency-session-duration=%s" . | quote }}
{{- end }}
{{- if .Values.adminUser.requireReason }}
- "--emergency-require-reason"
{{- end }}
{{- with .Values.auditLog }}
- {{ printf "--audit-log=%s" . | quote }}
{{- end }}
{{- with .Values.externalUrl }}
- {{ printf "--external-url=%s" . | quote }}
{{- end }}
{{- with .Values.routePrefix }}
- {{ printf "--route-prefix=%s" . | quote }}
{{- end }}
{{- with .Values.trustedProxies }}
- {{ printf "--trusted-proxies=%s" (join "," .) | quote }}
{{- end }}
{{- range .Values.additionalArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "fanlight.probe" -}}
{{- $root := index . 0 -}}
{{- if include "fanlight.mutual" $root }}
tcpSocket:
  port: http
{{- else }}
httpGet:
  path: {{ printf "%s%s" (include "fanlight.base" $root) (index . 1) }}
  port: http
  {{- if $root.Values.serverTLS.enable }}
  scheme: HTTPS
  {{- end }}
{{- end }}
{{- end -}}
