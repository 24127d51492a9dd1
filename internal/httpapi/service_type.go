package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// ServiceTypePath names a service type.
type ServiceTypePath struct {
	ProjectPath
	Type string `path:"type" doc:"kafka"`
}

func (s *server) serviceTypeRoutes() {
	call(s, http.MethodGet, atProject+"/service_types", "ListProjectServiceTypes", "What can be created", s.listServiceTypes)
	call(s, http.MethodGet, atProject+"/service-types/{type}", "ProjectServiceTypeGet", "The options of a service type", s.getServiceType)
}

func (s *server) listServiceTypes(ctx context.Context, req *request, in *ProjectPath) (api.ServiceTypesReply, error) {
	_, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.ServiceTypesReply{ServiceTypes: map[string]api.ServiceType{kafkaType: {
		Description: "Apache Kafka that you run yourself", UserConfigSchema: kafkaOptions(), ServicePlans: []any{},
	}}}, err
}

func (s *server) getServiceType(ctx context.Context, req *request, in *ServiceTypePath) (api.ServiceTypeReply, error) {
	if _, err := s.App.GetProject(ctx, req.actor, in.Project, req.now); err != nil {
		return api.ServiceTypeReply{}, err
	}
	if in.Type != kafkaType {
		return api.ServiceTypeReply{}, &app.Error{Code: app.CodeNotFound, Message: "no such service type: kafka is the only one"}
	}
	return api.ServiceTypeReply{UserConfigSchema: kafkaOptions()}, nil
}

// kafkaOptions is the JSON Schema by which clients check user_config before they
// send it; null takes an option away. Other keys are kept and left alone.
func kafkaOptions() map[string]any {
	return map[string]any{
		"title": "Kafka settings", "type": "object", "additionalProperties": true,
		"properties": map[string]any{
			"bootstrap_servers": map[string]any{
				"title": "Addresses of the brokers' CLIENT listener, separated by commas",
				"type":  []string{"string", "null"}, "example": "kafka-1.example.com:9093,kafka-2.example.com:9093",
			},
			"sasl_bootstrap_servers": map[string]any{
				"title": "Addresses of the brokers' SASL listener, where users authenticate by password, separated by commas",
				"type":  []string{"string", "null"}, "example": "kafka-1.example.com:9097,kafka-2.example.com:9097",
			},
			"kafka_authentication_methods": map[string]any{
				"title": "Kafka authentication methods", "type": "object", "additionalProperties": true,
				"properties": map[string]any{
					"certificate": map[string]any{
						"title": "Certificate authentication; false turns the warnings about certificates off",
						"type":  []string{"boolean", "null"}, "default": true,
					},
					"sasl": map[string]any{"title": "SASL authentication: passwords are set on the brokers as SCRAM-SHA-512", "type": []string{"boolean", "null"}, "default": false},
				},
			},
		},
	}
}
