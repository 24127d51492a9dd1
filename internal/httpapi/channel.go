package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) channelRoutes() {
	call(s, http.MethodGet, atProject+"/channels", "ProjectChannelList", "Channels that events leave by", s.listChannels)
	call(s, http.MethodPost, atProject+"/channels", "ProjectChannelCreate", "Add a channel", s.createChannel)
	call(s, http.MethodDelete, atProject+"/channels/{channel}", "ProjectChannelDelete", "Delete a channel", s.deleteChannel)
	call(s, http.MethodPost, atProject+"/channels/{channel}/test", "ProjectChannelTest", "Send a test event", s.testChannel)
}

func (s *server) listChannels(ctx context.Context, req *request, in *ProjectPath) (api.ChannelsReply, error) {
	found, err := s.App.ListChannels(ctx, req.actor, in.Project, req.now)
	return api.ChannelsReply{Channels: each(found, func(c app.Channel) api.Channel {
		return api.Channel{Name: c.Name, Kind: string(c.Kind), CreateTime: c.CreatedAt.UTC()}
	})}, err
}

type createChannelInput struct {
	ProjectPath
	Body api.ChannelCreate
}

func (s *server) createChannel(ctx context.Context, req *request, in *createChannelInput) (api.ChannelReply, error) {
	b := in.Body
	secret, err := s.App.CreateChannel(ctx, req.actor, in.Project, b.Name, app.ChannelKind(b.Kind), b.URL, req.now)
	return api.ChannelReply{Channel: api.Channel{Name: b.Name, Kind: b.Kind, CreateTime: req.now.UTC()}, Secret: secret}, err
}

// ChannelPath names a channel.
type ChannelPath struct {
	ProjectPath
	Channel string `path:"channel" doc:"Name of the channel"`
}

func (s *server) deleteChannel(ctx context.Context, req *request, in *ChannelPath) (api.Done, error) {
	return api.Done{Message: "deleted"}, s.App.DeleteChannel(ctx, req.actor, in.Project, in.Channel, req.now)
}

func (s *server) testChannel(ctx context.Context, req *request, in *ChannelPath) (api.Done, error) {
	return api.Done{Message: "delivered"}, s.App.TestChannel(ctx, req.actor, in.Project, in.Channel, req.now)
}
