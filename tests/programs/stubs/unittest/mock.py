class Mock:
    called = 0

    def __call__(self):
        self.called += 1

    def assert_not_called(self):
        assert self.called == 0, self.called

    def assert_called_once(self):
        assert self.called == 1, self.called
