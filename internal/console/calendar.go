package console

func (s *server) calendarRoutes() {
}
