package console

func (s *server) activityRoutes() {
}
